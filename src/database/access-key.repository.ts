import { Injectable } from '@nestjs/common';
import { KeyRole } from '../generated/prisma/client.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** A key as people look at it: whatever can be known of it, except its secret. */
export interface AccessKey {
  /** Public; the part of the key that finds the row. */
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  /** The one device of a device's key. */
  readonly deviceId: string | null;
  readonly site: string | null;
  /** Made by the device's enrolment. */
  readonly enrolled: boolean;
  /** Id of the key that made it; null: the command line, or AUTH_MODE=off. */
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  /** Of a fleet key: the devices it may enrol, in all and within an hour, and has enrolled. */
  readonly maxUses: number | null;
  readonly newDevicesPerHour: number | null;
  readonly uses: number;
}

/** A key as it is checked. */
export interface VerifiableKey {
  readonly id: string;
  readonly secretSha256: Uint8Array;
  readonly name: string;
  readonly role: KeyRole;
  readonly deviceId: string | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface NewAccessKey {
  readonly id: string;
  readonly secretSha256: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly role: KeyRole;
  readonly deviceId?: string;
  readonly site?: string;
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly maxUses?: number;
  readonly newDevicesPerHour?: number;
}

export interface AccessKeyQuery {
  readonly role?: KeyRole;
  readonly deviceId?: string;
  /** Only keys older than this one. */
  readonly before?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

const WITHOUT_SECRET = { secretSha256: true } as const;

@Injectable()
export class AccessKeyRepository {
  constructor(private readonly prisma: PrismaService) {}

  add(key: NewAccessKey): Promise<AccessKey> {
    return asked(() => this.prisma.accessKey.create({ data: key, omit: WITHOUT_SECRET }));
  }

  async find(id: string): Promise<AccessKey | undefined> {
    const key = await asked(() => this.prisma.accessKey.findUnique({ where: { id }, omit: WITHOUT_SECRET }));
    return key ?? undefined;
  }

  newestFirst({ role, deviceId, before, limit }: AccessKeyQuery): Promise<AccessKey[]> {
    return asked(() =>
      this.prisma.accessKey.findMany({
        where: {
          role,
          deviceId,
          ...(before && {
            OR: [
              { createdAt: { lt: before.createdAt } },
              { createdAt: before.createdAt, id: { lt: before.id } },
            ],
          }),
        },
        omit: WITHOUT_SECRET,
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    );
  }

  /** What is needed to check the keys of these ids; ids that no key has are left out. */
  verifiable(ids: string[]): Promise<VerifiableKey[]> {
    return asked(
      () => this.prisma.$queryRaw<VerifiableKey[]>`
        SELECT
          access_keys.id, access_keys.secret_sha256 AS "secretSha256", access_keys.name, access_keys.role::text,
          access_keys.device_id AS "deviceId", access_keys.expires_at AS "expiresAt",
          access_keys.revoked_at AS "revokedAt", access_keys.last_used_at AS "lastUsedAt"
        FROM access_keys
        WHERE access_keys.id = ANY(${ids}::text[])`,
    );
  }

  /** @returns false where it is revoked already, or there is no such key */
  async revoke(id: string, at: Date): Promise<boolean> {
    const { count } = await asked(() =>
      this.prisma.accessKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } }),
    );
    return count > 0;
  }

  /**
   * Notes that these keys are in use. A row that somebody else holds is left to the next time, so that two
   * replicas that note the same keys neither wait for each other nor roll each other back: Prisma has no
   * `SKIP LOCKED`.
   *
   * @param unlessSince keys noted after this are left alone
   */
  async noteUse(ids: string[], at: Date, unlessSince: Date): Promise<void> {
    await asked(
      () => this.prisma.$executeRaw`
        UPDATE access_keys SET last_used_at = ${at}
        WHERE access_keys.id IN (
          SELECT used.id FROM access_keys AS used
          WHERE used.id = ANY(${ids}::text[]) AND (used.last_used_at IS NULL OR used.last_used_at <= ${unlessSince})
          FOR UPDATE SKIP LOCKED
        )`,
    );
  }
}
