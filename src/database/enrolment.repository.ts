import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface Enrolment {
  /** Id of the fleet key that the device enrols with; null where AUTH_MODE=off. */
  readonly fleetKeyId: string | null;
  readonly deviceId: string;
  /** Of the device's own key. */
  readonly keyId: string;
  readonly secretSha256: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly now: Date;
}

export interface EnrolmentOutcome {
  /** `known`: the device needs an operator's approval. The others are limits of the fleet key. */
  readonly outcome: 'enrolled' | 'known' | 'used_up' | 'hour_is_full' | 'refused';
  /** Seconds, where the hour is full. */
  readonly retryAfterSeconds: number | null;
}

export interface EnrolmentApproval {
  readonly deviceId: string;
  /** Id of the operator's key; null where AUTH_MODE=off. */
  readonly approvedBy: string | null;
  readonly approvedAt: Date;
  readonly expiresAt: Date;
}

@Injectable()
export class EnrolmentRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Gives a device its key, unless a limit or a known device stands against it. The locks and their order
   * are in `enrol_device()` (prisma/migrations): limits hold however many devices come at once, and of two
   * requests for one device one gets a key.
   */
  async enrol(enrolment: Enrolment): Promise<EnrolmentOutcome> {
    const { fleetKeyId, deviceId, keyId, secretSha256, name, now } = enrolment;
    const [row] = await asked(
      () => this.prisma.$queryRaw<EnrolmentOutcome[]>`
        SELECT enrolled.outcome, enrolled.retry_after_seconds AS "retryAfterSeconds"
        FROM enrol_device(${fleetKeyId}, ${deviceId}, ${keyId}, ${secretSha256}, ${name}, ${now}) AS enrolled`,
    );
    return row;
  }

  /** Whether the device has or had a key, or has reported: then its enrolment needs an approval. */
  async knows(deviceId: string): Promise<boolean> {
    const [{ known }] = await asked(
      () => this.prisma.$queryRaw<[{ known: boolean }]>`
        SELECT
          EXISTS (SELECT FROM access_keys WHERE access_keys.device_id = ${deviceId})
          OR EXISTS (SELECT FROM devices WHERE devices.device_id = ${deviceId}) AS known`,
    );
    return known;
  }

  /** An earlier approval is replaced. */
  async approve(approval: EnrolmentApproval): Promise<void> {
    const { deviceId } = approval;
    await asked(() =>
      this.prisma.enrolmentApproval.upsert({ where: { deviceId }, create: approval, update: approval }),
    );
  }
}
