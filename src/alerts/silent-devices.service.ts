import { Injectable, Logger } from '@nestjs/common';
import { SilenceJudge, SilentDeviceRepository } from '../database/silent-device.repository.js';
import { Clock } from '../domain/clock.js';
import { AlertAnnouncer } from './alert-announcer.js';
import { ServiceHeartbeat } from './service-heartbeat.js';
import { silenceDueAt } from './silent-alert.rule.js';

/** Devices settled in one transaction: their reports wait meanwhile. */
const DEVICES_AT_ONCE = 500;

/**
 * A sweep's share, a second or two of work. Ordinarily a fleet of a million has a hundred devices due a sweep; after
 * an upgrade all of them are, and neither the start nor the reminders should wait for that.
 */
const BATCHES_A_SWEEP = 40;

/** Opens and resolves silent alerts so that they say what the devices' deadlines say. */
@Injectable()
export class SilentDevices {
  private readonly logger = new Logger('Alerts');
  /** How far the fleet has been looked at again with new settings. */
  private lookedAgainUpTo = '';

  constructor(
    private readonly devices: SilentDeviceRepository,
    private readonly heartbeat: ServiceHeartbeat,
    private readonly announcer: AlertAnnouncer,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks at the devices that are due, after making sure that the service's own absence is known: both by one and the
   * same time, so that a process that is frozen in between opens nothing for it.
   */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.heartbeat.beat(now);
    await this.resolveMissed();
    for (let batch = 0; batch < BATCHES_A_SWEEP; batch += 1) {
      const { lookedAt, settled } = await this.devices.settleDue(now, DEVICES_AT_ONCE, this.judgeAt(now));
      await this.announcer.announceSettled(settled);
      if (lookedAt < DEVICES_AT_ONCE) return;
    }
  }

  /** Of devices that were heard of. Safe to run twice. */
  async settle(deviceIds: readonly string[]): Promise<number> {
    const now = this.clock.now();
    const settled = await this.devices.settle(deviceIds, now, this.judgeAt(now));
    await this.announcer.announceSettled(settled);
    return settled.length;
  }

  /**
   * Makes all devices due once where SILENT_AFTER_HOURS or EXPECTED_INTERVAL_SECONDS is another one than when their
   * deadlines were made: a share each sweep. A process that ends before it has done so begins anew.
   */
  async lookAgainAfterNewSettings(): Promise<void> {
    if (!(await this.heartbeat.haveSettingsChanged())) return;
    for (let batch = 0; batch < BATCHES_A_SWEEP; batch += 1) {
      const last = await this.devices.lookAgain(this.lookedAgainUpTo, DEVICES_AT_ONCE);
      this.lookedAgainUpTo = last ?? '';
      if (last === undefined) return this.heartbeat.keepSettings();
    }
  }

  /** What a crash between a contact's commit and its listener left. */
  private async resolveMissed(): Promise<void> {
    const heard = await this.devices.heardAgain();
    let settled = 0;
    for (let start = 0; start < heard.length; start += DEVICES_AT_ONCE)
      settled += await this.settle(heard.slice(start, start + DEVICES_AT_ONCE));
    if (settled > 0)
      this.logger.warn(`The sweep settled ${settled} silent alerts that contacts had left unsettled.`);
  }

  private judgeAt(now: Date): SilenceJudge {
    const { settings } = this.heartbeat;
    return (silence) => silenceDueAt(silence, now, settings);
  }
}
