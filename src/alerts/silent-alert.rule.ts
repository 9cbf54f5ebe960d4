import type { SilenceCase } from '../database/silent-device.repository.js';
import { silenceDeadline } from '../domain/device-state.rule.js';

/** The service's settings that deadlines are made with. */
export interface SilenceSettings {
  readonly silentAfterSeconds: number;
  /** Of devices that have none of their own. */
  readonly expectedIntervalSeconds: number;
}

/**
 * The rule of the silent alert (design rule 6): it is open exactly while the device's deadline lies behind.
 *
 * @returns when the sweep has to look at the device next: its deadline; null where that lies behind
 */
export function silenceDueAt(silence: SilenceCase, now: Date, settings: SilenceSettings): Date | null {
  const expectedIntervalSeconds = silence.expectedIntervalSeconds ?? settings.expectedIntervalSeconds;
  const deadline = silenceDeadline({ ...silence, expectedIntervalSeconds }, settings.silentAfterSeconds);
  return deadline < now ? null : deadline;
}
