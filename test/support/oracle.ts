/**
 * What the service has to know of a device, worked out from what was sent to it, the slow and obvious way. It shares
 * no code with the service: it looks at all events of a device at once and in order.
 */
export interface SentEvent {
  deviceId: string;
  /** The device's own name for it; sent again under the same name it is the same event. */
  eventId: string | null;
  /** Milliseconds since 1970; every event of these tests has a plausible time. */
  time: number;
  failed: boolean;
  files: number;
}

export interface ExpectedDevice {
  total_syncs: number;
  total_failed_syncs: number;
  total_files_synced: number;
  consecutive_failures: number;
  last_successful_sync: string | null;
  last_failed_sync: string | null;
}

/** What is known of each device after all of `sent`, in whatever order and however often it arrived. */
export function expectedDevices(sent: readonly SentEvent[]): Map<string, ExpectedDevice> {
  const byDevice = new Map<string, SentEvent[]>();
  const seen = new Set<string>();
  for (const event of sent) {
    const name = JSON.stringify([event.deviceId, event.eventId]);
    if (event.eventId !== null && seen.has(name)) continue;
    seen.add(name);
    byDevice.set(event.deviceId, [...(byDevice.get(event.deviceId) ?? []), event]);
  }
  return new Map([...byDevice].map(([deviceId, events]) => [deviceId, expectedDevice(events)]));
}

function expectedDevice(events: readonly SentEvent[]): ExpectedDevice {
  // At the same instant a success counts as the later one.
  const inOrder = [...events].sort((a, b) => a.time - b.time || Number(b.failed) - Number(a.failed));
  const failures = inOrder.filter((event) => event.failed);
  const successes = inOrder.filter((event) => !event.failed);
  let streak = 0;
  for (const event of inOrder) streak = event.failed ? streak + 1 : 0;
  return {
    total_syncs: inOrder.length,
    total_failed_syncs: failures.length,
    total_files_synced: inOrder.reduce((sum, event) => sum + event.files, 0),
    consecutive_failures: streak,
    last_successful_sync: isoOfLast(successes),
    last_failed_sync: isoOfLast(failures),
  };
}

function isoOfLast(events: readonly SentEvent[]): string | null {
  const last = events.at(-1);
  return last ? new Date(last.time).toISOString() : null;
}
