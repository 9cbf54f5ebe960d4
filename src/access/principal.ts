import type { Request } from 'express';
import { Forbidden } from '../domain/domain-error.js';
import { KeyRole } from '../generated/prisma/enums.js';

/** Instead of one device's id: every device. */
export const ANY_DEVICE = Symbol('any device');

/** Who a request comes from. */
export interface Principal {
  /** Public id of the key; null where AUTH_MODE=off. */
  readonly keyId: string | null;
  /** What people call the key: for logs and for "acknowledged by". */
  readonly name: string;
  readonly role: KeyRole;
  /** The device it may report as or read of; null: of none. */
  readonly device: string | typeof ANY_DEVICE | null;
  /** The session whose cookie stood for the key; null: it came itself. */
  readonly sessionId: string | null;
  /** When the session ends, or the key where it came itself; null: never. */
  readonly expiresAt: Date | null;
}

/** Everybody, where AUTH_MODE=off. */
export const LOCAL_USER: Principal = {
  keyId: null,
  name: 'local',
  role: 'admin',
  device: ANY_DEVICE,
  sessionId: null,
  expiresAt: null,
};

declare global {
  // Express's own types are extended in this way only.
  namespace Express {
    interface Request {
      /** Set once its key has been checked; never on a public route. */
      principal?: Principal;
    }
  }
}

/** Who sent a request to a route that is not public. */
export function principalOf({ principal }: Request): Principal {
  if (!principal) throw new Forbidden('Nobody has been asked who this is.');
  return principal;
}

export function mayActFor({ device }: Principal, deviceId: string): boolean {
  return device === ANY_DEVICE || device === deviceId;
}

/**
 * For an upload, whose items are refused one by one: a key that reports for no device at all must not be told
 * to let go of each of them.
 *
 * @throws Forbidden
 */
export function requireSomeDevice({ device }: Principal): void {
  if (device === null) throw new Forbidden('Fleet keys enrol devices, and report for none (FLEET_INGEST).');
}

/** @throws Forbidden, in the same words whether there is such a device or not */
export function requireDevice(principal: Principal, deviceId: string): void {
  if (!mayActFor(principal, deviceId)) throw new Forbidden('This key is not for this device.');
}
