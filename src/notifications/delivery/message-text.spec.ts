import { FAILING_ALERT, MESSAGES, RESOLVED_ALERT, SILENT_ALERT } from '../message.examples.js';
import type { AlertFacts, AlertMessageType, Message } from '../message.js';
import { messageText } from './message-text.js';

function about(alert: AlertFacts, type: AlertMessageType = 'alert.opened'): Message {
  return { ...MESSAGES['alert.opened'], type, alert };
}

const silentAndBack: AlertFacts = {
  ...SILENT_ALERT,
  status: 'resolved',
  resolved_at: '2026-05-04T11:30:01.120Z',
  resolution: 'contact',
};

describe('The sentence of a message', () => {
  it.each<[string, Message, string]>([
    ['a failing alert', about(FAILING_ALERT), '⚠️ Device PIBOX-7 has failed 3 times in a row!'],
    [
      'a failing alert that is resolved',
      about(RESOLVED_ALERT, 'alert.resolved'),
      '✅ Device PIBOX-7 no longer fails: its alert is resolved.',
    ],
    [
      'a failing alert nobody acknowledged',
      about({ ...FAILING_ALERT, consecutive_failures: 27 }, 'alert.reminder'),
      '⏰ Device PIBOX-7 still fails: 27 times in a row by now.',
    ],
    [
      'a failing alert that passed',
      about(RESOLVED_ALERT, 'alert.passed'),
      '✅ Device PIBOX-7 had failed 3 times in a row and no longer does: its alert is resolved.',
    ],
    ['a silent alert', about(SILENT_ALERT), '🔇 Device PIBOX-8 has been silent since 2026-05-01 06:00 UTC.'],
    [
      'a silent alert that is resolved',
      about(silentAndBack, 'alert.resolved'),
      '✅ Device PIBOX-8 is back: its alert is resolved.',
    ],
    [
      'a silent alert nobody acknowledged',
      about(SILENT_ALERT, 'alert.reminder'),
      '⏰ Device PIBOX-8 is still silent, since 2026-05-01 06:00 UTC.',
    ],
    [
      'a silent alert that passed',
      about(silentAndBack, 'alert.passed'),
      '✅ Device PIBOX-8 had been silent and is back: its alert is resolved.',
    ],
    [
      'a storm',
      MESSAGES['alert.digest'],
      '📋 23 changes of alerts from 2026-05-04 06:00 UTC to 2026-05-04 06:01 UTC: 20 opened, 2 resolved, 1 still open.',
    ],
    ['a test', MESSAGES['channel.test'], '🔔 This is a test: messages of PiSync arrive here.'],
  ])('of %s', (_what, message, sentence) => {
    expect(messageText(message).sentence).toBe(sentence);
  });

  it('names the limit instead of the streak where it is asked to', () => {
    const backlog = about({ ...FAILING_ALERT, consecutive_failures: 40 });
    expect(messageText(backlog, 3).sentence).toBe('⚠️ Device PIBOX-7 has failed 3 times in a row!');
    expect(messageText(backlog).sentence).toBe('⚠️ Device PIBOX-7 has failed 40 times in a row!');
  });
});

describe('A message', () => {
  it('is bad when somebody has to do something', () => {
    const bad = Object.values(MESSAGES).filter((message) => messageText(message).isBad);
    expect(bad.map(({ type }) => type)).toEqual(['alert.opened', 'alert.reminder', 'alert.digest']);
  });

  it('says in its subject which device, where', () => {
    expect(messageText(about(FAILING_ALERT)).subject).toBe('PIBOX-7 at Kibera Primary keeps failing to sync');
    expect(messageText(about({ ...SILENT_ALERT, site: null })).subject).toBe('PIBOX-8 is silent');
    expect(messageText(MESSAGES['alert.digest']).subject).toBe('23 changes of alerts at 2 sites');
  });

  it('lists all that is known of an alert, and nothing that is not', () => {
    expect(messageText(about(RESOLVED_ALERT, 'alert.resolved')).lines).toEqual([
      ['Device', 'Library box (PIBOX-7)'],
      ['Site', 'Kibera Primary'],
      ['Failures in a row', '3'],
      ['First failure', '2026-05-04 10:30 UTC'],
      ['Last failure', '2026-05-04 10:32 UTC'],
      ['Last error', 'upload timed out'],
      ['Last success', '2026-05-04 09:30 UTC'],
      ['Last contact', '2026-05-04 10:32 UTC'],
      ['Alert opened', '2026-05-04 10:32 UTC'],
      ['Acknowledged', '2026-05-04 10:40 UTC by amina: new SIM card ordered'],
      ['Resolved', '2026-05-04 11:30 UTC: a sync succeeded'],
    ]);
    expect(messageText(about(SILENT_ALERT)).lines).toEqual([
      ['Device', 'PIBOX-8'],
      ['Site', 'Kibera Primary'],
      ['Last success', '2026-05-04 09:30 UTC'],
      ['Last contact', '2026-05-01 06:00 UTC'],
      ['Alert opened', '2026-05-04 06:00 UTC'],
    ]);
  });

  it('tells a storm by site and kind, and where to look first', () => {
    expect(messageText(MESSAGES['alert.digest']).lines).toEqual([
      ['Kibera Primary', 'silent: 20 opened'],
      ['No site', 'failing: 2 resolved, 1 still open'],
      ['Look at first', 'PIBOX-8 (Kibera Primary)'],
    ]);
  });

  it('tells no more than twenty groups of a storm', () => {
    const { digest } = MESSAGES['alert.digest'];
    const groups = Array.from({ length: 25 }, (_, n) => ({ ...digest.groups[0], site: `School ${n}` }));
    const { lines } = messageText({ ...MESSAGES['alert.digest'], digest: { ...digest, groups } });
    expect(lines).toHaveLength(22);
    expect(lines[20]).toEqual(['And', '5 more']);
  });

  it('writes out what would begin a line or turn the writing round', () => {
    const { subject, sentence, lines } = messageText(
      about({ ...FAILING_ALERT, site: 'A\r\nBcc: x', last_error_message: '\u001b[31m\u202eevil' }),
    );
    expect(`${subject}${sentence}${lines.flat().join('')}`).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines).toContainEqual(['Last error', '\\u001b[31m\\u202eevil']);
  });
});
