import type { AlertFacts, DigestFacts, Message } from './message.js';

/** One of each, for the documentation and the tests. */
export const FAILING_ALERT: AlertFacts = {
  id: 41,
  device_id: 'PIBOX-7',
  device_name: 'Library box',
  site: 'Kibera Primary',
  kind: 'failing',
  status: 'open',
  consecutive_failures: 3,
  first_failed_sync: '2026-05-04T10:30:00.000Z',
  last_failed_sync: '2026-05-04T10:32:00.000Z',
  last_error_message: 'upload timed out',
  last_successful_sync: '2026-05-04T09:30:00.000Z',
  last_contact_at: '2026-05-04T10:32:02.390Z',
  opened_at: '2026-05-04T10:32:02.390Z',
  acknowledged_at: null,
  acknowledged_by: null,
  note: null,
  resolved_at: null,
  resolution: null,
};

export const SILENT_ALERT: AlertFacts = {
  ...FAILING_ALERT,
  id: 42,
  device_id: 'PIBOX-8',
  device_name: null,
  kind: 'silent',
  consecutive_failures: 0,
  first_failed_sync: null,
  last_failed_sync: null,
  last_error_message: null,
  last_contact_at: '2026-05-01T06:00:00.000Z',
  opened_at: '2026-05-04T06:00:10.000Z',
};

export const RESOLVED_ALERT: AlertFacts = {
  ...FAILING_ALERT,
  status: 'resolved',
  acknowledged_at: '2026-05-04T10:40:00.000Z',
  acknowledged_by: 'amina',
  note: 'new SIM card ordered',
  resolved_at: '2026-05-04T11:30:01.120Z',
  resolution: 'recovered',
};

export const DIGEST: DigestFacts = {
  total: 23,
  groups: [
    { site: 'Kibera Primary', kind: 'silent', opened: 20, resolved: 0, reminders: 0 },
    { site: null, kind: 'failing', opened: 0, resolved: 2, reminders: 1 },
  ],
  worst: [SILENT_ALERT],
  since: '2026-05-04T06:00:00.000Z',
  until: '2026-05-04T06:01:00.000Z',
};

const ENVELOPE = {
  id: '3f0c2b1e-8d4f-4d2b-9a51-0d6f1c7a2b33',
  created_at: '2026-05-04T10:32:02.390Z',
  link: 'https://pisync.school.example/api/alerts/41',
};

export const MESSAGES = {
  'alert.opened': { ...ENVELOPE, type: 'alert.opened', alert: FAILING_ALERT },
  'alert.resolved': { ...ENVELOPE, type: 'alert.resolved', alert: RESOLVED_ALERT },
  'alert.reminder': { ...ENVELOPE, type: 'alert.reminder', alert: SILENT_ALERT },
  'alert.passed': { ...ENVELOPE, type: 'alert.passed', alert: RESOLVED_ALERT },
  'alert.digest': { ...ENVELOPE, type: 'alert.digest', digest: DIGEST },
  'channel.test': { ...ENVELOPE, type: 'channel.test' },
} satisfies { [Type in Message['type']]: Message };
