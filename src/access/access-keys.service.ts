import { Injectable, Logger } from '@nestjs/common';
import { AccessKey, AccessKeyQuery, AccessKeyRepository } from '../database/access-key.repository.js';
import { Clock } from '../domain/clock.js';
import { FieldError, ValidationFailed } from '../domain/domain-error.js';
import { KeyRole } from '../generated/prisma/enums.js';
import { KeyCache } from './key-cache.js';
import { KeyNotFound } from './key-not-found.js';
import { mintKey } from './key-token.js';

/** A fleet key is on every memory card that is handed out: what nobody decides ends within a school term. */
const FLEET_KEY_DAYS = 90;
/** A large district; a stolen key cannot fill the database. */
const FLEET_KEY_USES = 1_000;
/** Two large schools set up on one morning; whoever tries out ids needs days. */
const FLEET_KEY_DEVICES_PER_HOUR = 100;

const DAY_MS = 86_400_000;

export interface KeyRequest {
  readonly name: string;
  readonly role: KeyRole;
  readonly deviceId?: string;
  readonly site?: string;
  readonly expiresAt?: Date;
  readonly maxUses?: number;
  readonly newDevicesPerHour?: number;
}

export interface CreatedKey {
  /** The whole key: the only time that anybody sees it. */
  readonly secret: string;
  readonly key: AccessKey;
}

/** Makes, lists and revokes keys, for operators and for the command line. */
@Injectable()
export class AccessKeysService {
  private readonly logger = new Logger(AccessKeysService.name);

  constructor(
    private readonly keys: AccessKeyRepository,
    private readonly cache: KeyCache,
    private readonly clock: Clock,
  ) {}

  /**
   * @param createdBy id of the key that asks for it; null: the command line, or AUTH_MODE=off
   * @throws ValidationFailed
   */
  async create(request: KeyRequest, createdBy: string | null): Promise<CreatedKey> {
    const now = this.clock.now();
    const errors = contradictions(request, now);
    if (errors.length > 0) throw new ValidationFailed(errors);
    const { key: secret, id, secretSha256 } = mintKey();
    const limits = request.role === 'fleet' ? fleetLimits(request, now) : { expiresAt: request.expiresAt };
    const { name, role, deviceId, site } = request;
    const key = await this.keys.add({
      ...{ id, secretSha256, name, role, deviceId, site },
      ...limits,
      createdBy,
      createdAt: now,
    });
    this.logger.log(`Key ${id} (${role}) was made${createdBy === null ? '' : ` by key ${createdBy}`}.`);
    return { secret, key };
  }

  list(query: AccessKeyQuery): Promise<AccessKey[]> {
    return this.keys.newestFirst(query);
  }

  /** @throws KeyNotFound */
  async get(id: string): Promise<AccessKey> {
    const key = await this.keys.find(id);
    if (!key) throw new KeyNotFound(id);
    return key;
  }

  /**
   * Here at once, in other replicas within KEY_CACHE_SECONDS. Revoking twice is the same as once.
   *
   * @throws KeyNotFound
   */
  async revoke(id: string, revokedBy: string | null): Promise<void> {
    const isNew = await this.keys.revoke(id, this.clock.now());
    this.cache.forget(id);
    if (!isNew) await this.get(id);
    else this.logger.log(`Key ${id} was revoked${revokedBy === null ? '' : ` by key ${revokedBy}`}.`);
  }
}

/** What no single field is wrong about. */
function contradictions(request: KeyRequest, now: Date): FieldError[] {
  const errors: FieldError[] = [];
  const isFleet = request.role === 'fleet';
  const isDevice = request.role === 'device';
  const refuse = (field: string, message: string): number => errors.push({ field, message });
  if (isDevice && request.deviceId === undefined) refuse('device_id', 'is required for a key of a device');
  if (!isDevice && request.deviceId !== undefined) refuse('device_id', 'is for keys of devices only');
  if (!isDevice && !isFleet && request.site !== undefined)
    refuse('site', 'is for keys of devices and fleets only; it would not limit this one');
  if (!isFleet && request.maxUses !== undefined) refuse('max_uses', 'is for fleet keys only');
  if (!isFleet && request.newDevicesPerHour !== undefined)
    refuse('new_devices_per_hour', 'is for fleet keys only');
  if (request.expiresAt && request.expiresAt <= now) refuse('expires_at', 'must be in the future');
  return errors;
}

function fleetLimits(
  { expiresAt, maxUses, newDevicesPerHour }: KeyRequest,
  now: Date,
): Required<Pick<KeyRequest, 'expiresAt' | 'maxUses' | 'newDevicesPerHour'>> {
  return {
    expiresAt: expiresAt ?? new Date(now.getTime() + FLEET_KEY_DAYS * DAY_MS),
    maxUses: maxUses ?? FLEET_KEY_USES,
    newDevicesPerHour: newDevicesPerHour ?? FLEET_KEY_DEVICES_PER_HOUR,
  };
}
