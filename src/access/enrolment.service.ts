import { Injectable, Logger } from '@nestjs/common';
import { EnrolmentApproval, EnrolmentRepository } from '../database/enrolment.repository.js';
import { Clock } from '../domain/clock.js';
import { DeviceNotFound, LimitReached } from '../domain/domain-error.js';
import { DeviceKnown, EnrolmentOver } from './enrolment.errors.js';
import { mintKey } from './key-token.js';

/** A technician's round to the schools; what is not used by then is forgotten, and a hole. */
const APPROVAL_MS = 7 * 86_400_000;

export interface EnrolledDevice {
  readonly deviceId: string;
  readonly keyId: string;
  readonly name: string;
  /** The device's own key: the only time that anybody sees it. */
  readonly secret: string;
}

/** How a device without a keyboard gets its own key: first come, then only with an operator's approval. */
@Injectable()
export class EnrolmentService {
  private readonly logger = new Logger(EnrolmentService.name);

  constructor(
    private readonly enrolments: EnrolmentRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * A device that enrols again, approved, loses the keys that it had.
   *
   * @param fleetKeyId the key that it enrols with; null where AUTH_MODE=off
   * @throws DeviceKnown, EnrolmentOver, LimitReached
   */
  async enrol(deviceId: string, name: string, fleetKeyId: string | null): Promise<EnrolledDevice> {
    const { key: secret, id: keyId, secretSha256 } = mintKey();
    const now = this.clock.now();
    const { outcome, retryAfterSeconds } = await this.enrolments.enrol({
      ...{ fleetKeyId, deviceId, keyId, secretSha256, name, now },
    });
    switch (outcome) {
      case 'enrolled':
        this.logger.log(`Device ${deviceId} has enrolled and got key ${keyId}.`);
        return { deviceId, keyId, name, secret };
      case 'known':
        throw new DeviceKnown(deviceId);
      case 'hour_is_full':
        throw new LimitReached(
          'This fleet key has enrolled as many devices as it may within an hour.',
          retryAfterSeconds ?? 1,
        );
      case 'used_up':
        throw new EnrolmentOver('This fleet key has enrolled as many devices as it may.');
      case 'refused':
        throw new EnrolmentOver('This fleet key is not valid any longer.');
    }
  }

  /**
   * Lets a device that is known enrol once more, within seven days.
   *
   * @param approvedBy id of the operator's key; null where AUTH_MODE=off
   * @throws DeviceNotFound
   */
  async approve(deviceId: string, approvedBy: string | null): Promise<EnrolmentApproval> {
    if (!(await this.enrolments.knows(deviceId))) throw new DeviceNotFound(deviceId);
    const approvedAt = this.clock.now();
    const approval = {
      ...{ deviceId, approvedBy, approvedAt },
      expiresAt: new Date(approvedAt.getTime() + APPROVAL_MS),
    };
    await this.enrolments.approve(approval);
    const by = approvedBy === null ? '' : `, says key ${approvedBy}`;
    this.logger.log(`Device ${deviceId} may enrol once more${by}.`);
    return approval;
  }
}
