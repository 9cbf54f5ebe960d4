import { createHash, randomBytes } from 'node:crypto';
import { TestDatabase } from './test-database.js';

export const ROLES = ['device', 'fleet', 'viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface KeyWish {
  /** Of a device's key. */
  deviceId?: string;
  expiresAt?: Date;
  revokedAt?: Date;
  /** Of a fleet key. */
  maxUses?: number;
  newDevicesPerHour?: number;
  site?: string;
}

export interface Key {
  readonly id: string;
  /** What its holder sends. */
  readonly key: string;
  /** Headers that send it. */
  readonly headers: { authorization: string };
}

let made = 0;

/** Puts a key into the database, as if somebody had made it a moment ago: written without the service's own code. */
export async function aKey(
  database: Pick<TestDatabase, 'query'>,
  role: Role,
  wish: KeyWish = {},
): Promise<Key> {
  made += 1;
  const id = `t${process.pid.toString(36)}x`.padEnd(10, 'x') + made.toString(36).padStart(6, '0');
  const secret = randomBytes(32).toString('base64url');
  const isFleet = role === 'fleet';
  await database.query(
    `INSERT INTO access_keys
       (id, secret_sha256, name, role, device_id, site, expires_at, revoked_at, max_uses, new_devices_per_hour)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      createHash('sha256').update(secret).digest(),
      `a ${role} of the tests`,
      role,
      role === 'device' ? (wish.deviceId ?? 'PIBOX-7') : null,
      wish.site ?? null,
      wish.expiresAt ?? (isFleet ? new Date('2999-01-01') : null),
      wish.revokedAt ?? null,
      isFleet ? (wish.maxUses ?? 1_000) : null,
      isFleet ? (wish.newDevicesPerHour ?? 1_000) : null,
    ],
  );
  return sentAs(`psk_${id}_${secret}`);
}

/** A key that came over the wire. */
export function sentAs(key: string): Key {
  return { id: key.split('_')[1], key, headers: { authorization: `Bearer ${key}` } };
}
