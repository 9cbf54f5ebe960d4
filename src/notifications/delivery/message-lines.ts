import type { AlertFacts, DigestFacts } from '../message.js';

/** A fact as people read it: what it is, and what it says. */
export type Line = readonly [label: string, value: string];

/** Groups of a digest that are told; more would be a table nobody reads on a telephone. */
const MOST_GROUPS = 20;

const WHY: Record<NonNullable<AlertFacts['resolution']>, string> = {
  recovered: 'a sync succeeded',
  corrected: 'late reports showed that the run of failures was broken',
  contact: 'the device made contact',
};

export function alertLines(alert: AlertFacts): Line[] {
  const failing = alert.kind === 'failing';
  return [
    line(
      'Device',
      alert.device_name === null ? alert.device_id : `${alert.device_name} (${alert.device_id})`,
    ),
    line('Site', alert.site),
    line('Failures in a row', failing ? `${alert.consecutive_failures}` : null),
    line('First failure', failing ? moment(alert.first_failed_sync) : null),
    line('Last failure', moment(alert.last_failed_sync)),
    line('Last error', alert.last_error_message),
    line('Last success', moment(alert.last_successful_sync)),
    line('Last contact', moment(alert.last_contact_at)),
    line('Alert opened', moment(alert.opened_at)),
    line('Acknowledged', acknowledgement(alert)),
    line('Resolved', resolution(alert)),
  ].filter((each) => each !== undefined);
}

export function digestLines(digest: DigestFacts): Line[] {
  const told = digest.groups
    .slice(0, MOST_GROUPS)
    .map((group): Line => [group.site ?? 'No site', `${group.kind}: ${counts(group)}`]);
  const untold = digest.groups.length - told.length;
  const worst = digest.worst.map((alert) =>
    alert.site ? `${alert.device_id} (${alert.site})` : alert.device_id,
  );
  return [
    ...told,
    ...(untold > 0 ? [['And', `${untold} more`] as const] : []),
    ...(worst.length > 0 ? [['Look at first', worst.join(', ')] as const] : []),
  ];
}

/** `2026-05-04 10:30 UTC`: the service does not know where its readers are. */
export function instant(time: string | null): string {
  return time === null ? 'an unknown time' : `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

function line(label: string, value: string | null): Line | undefined {
  return value === null || value === '' ? undefined : [label, value];
}

function moment(time: string | null): string | null {
  return time === null ? null : instant(time);
}

function acknowledgement({ acknowledged_at, acknowledged_by, note }: AlertFacts): string | null {
  if (acknowledged_at === null) return null;
  return `${instant(acknowledged_at)}${acknowledged_by ? ` by ${acknowledged_by}` : ''}${note ? `: ${note}` : ''}`;
}

function resolution({ resolved_at, resolution: why }: AlertFacts): string | null {
  if (resolved_at === null) return null;
  return `${instant(resolved_at)}${why === null ? '' : `: ${WHY[why]}`}`;
}

function counts({ opened, resolved, reminders }: DigestFacts['groups'][number]): string {
  return [
    [opened, 'opened'],
    [resolved, 'resolved'],
    [reminders, 'still open'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
}
