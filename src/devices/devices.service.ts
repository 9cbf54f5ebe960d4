import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { DeviceChanges, DeviceQuery, DeviceRepository, StoredDevice } from '../database/device.repository.js';
import { StoredStreak, StreakRepository } from '../database/streak.repository.js';
import { Clock } from '../domain/clock.js';
import { DeviceNotFound } from '../domain/domain-error.js';
import { deviceState } from '../domain/device-state.rule.js';
import { DeviceStanding } from './device.dto.js';

export interface RegistryQuery extends Omit<DeviceQuery, 'streakFrom' | 'streakBelow'> {
  readonly failing?: boolean;
}

@Injectable()
export class DevicesService {
  constructor(
    private readonly devices: DeviceRepository,
    private readonly streaks: StreakRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  list({ failing, ...query }: RegistryQuery): Promise<StoredDevice[]> {
    return this.devices.inIdOrder({
      ...query,
      streakFrom: failing === true ? this.config.alertFailureStreak : undefined,
      streakBelow: failing === false ? this.config.alertFailureStreak : undefined,
    });
  }

  /** @throws DeviceNotFound */
  async get(deviceId: string): Promise<StoredDevice> {
    const device = await this.devices.find(deviceId);
    if (!device) throw new DeviceNotFound(deviceId);
    return device;
  }

  /** @throws DeviceNotFound */
  async change(deviceId: string, changes: DeviceChanges): Promise<StoredDevice> {
    if (!(await this.devices.change(deviceId, changes))) throw new DeviceNotFound(deviceId);
    return this.get(deviceId);
  }

  /**
   * @param limit events at most, the newest
   * @throws DeviceNotFound
   */
  async streak(deviceId: string, limit: number): Promise<StoredStreak> {
    const streak = await this.streaks.find(deviceId, limit);
    if (!streak) throw new DeviceNotFound(deviceId);
    return streak;
  }

  standing(device: StoredDevice): DeviceStanding {
    const expectedIntervalSeconds = device.expectedIntervalSeconds ?? this.config.expectedIntervalSeconds;
    return {
      expectedIntervalSeconds,
      state: deviceState(
        { ...device, expectedIntervalSeconds },
        this.clock.now(),
        this.config.silentAfterHours * 3_600,
      ),
      failing: device.consecutiveFailures >= this.config.alertFailureStreak,
    };
  }
}
