import { ApiProperty } from '@nestjs/swagger';
import { IsEnum, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { AccessKey } from '../database/access-key.repository.js';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { KeyRole } from '../generated/prisma/enums.js';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { IsTimestamp } from '../http/is-timestamp.decorator.js';
import { PageQuery } from '../http/page.query.dto.js';
import { CreatedKey } from './access-keys.service.js';

/** A key to make. */
export class CreateAccessKeyRequest {
  /**
   * Who or what will use it, so that one can tell later whether it may go.
   * @example Amina, Nairobi office
   */
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  name: string;

  /** What it may do: `viewer` reads, `operator` also changes devices and alerts, `admin` also manages keys. */
  @ApiProperty({ enum: KeyRole, example: KeyRole.operator })
  @IsEnum(KeyRole)
  role: KeyRole;

  /**
   * The one device that a key of the role `device` is for; for no other role.
   * @example PIBOX-7
   */
  @IsOptional()
  @Matches(DEVICE_ID, { message: DEVICE_ID_RULE })
  device_id?: string;

  /**
   * Where the key is used, for devices and fleet keys; devices take it over when they enrol. It limits nothing.
   * @example Kibera Primary
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  site?: string;

  /**
   * From when on it is no longer valid, as an RFC 3339 time. A fleet key ends after 90 days where nothing is said, the
   * others never do.
   * @example 2027-05-04T00:00:00Z
   */
  @IsOptional()
  @IsTimestamp()
  expires_at?: string;

  /** Devices that a fleet key may enrol in all, 1 to 1000000; 1000 where nothing is said. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  max_uses?: number;

  /** Devices that a fleet key may enrol within an hour, 1 to 10000; 100 where nothing is said. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  new_devices_per_hour?: number;
}

/** A key, without its secret, which nobody can read again. */
export class AccessKeyDto {
  /**
   * The public part of the key, `psk_<id>_...`.
   * @example k3v9q0x1m7p2c5d8
   */
  id: string;

  /** @example Amina, Nairobi office */
  name: string;

  @ApiProperty({ enum: KeyRole, example: KeyRole.operator })
  role: KeyRole;

  /** The one device that it is for; null for other roles. */
  device_id: string | null;

  /** Where it is used; null where nobody said. */
  site: string | null;

  /** Whether a device got it by enrolling. */
  enrolled: boolean;

  /** Id of the key that made it; null: the command line, or a service without keys. */
  created_by: string | null;

  created_at: Date;

  /** When it was last used, to the hour; null: never. */
  last_used_at: Date | null;

  /** From when on it is no longer valid; null: it stays so. */
  expires_at: Date | null;

  /** When it was revoked; null: it is not. */
  revoked_at: Date | null;

  /** Devices that a fleet key has enrolled; null for other roles. */
  uses: number | null;

  /** Devices that a fleet key may enrol in all; null for other roles. */
  max_uses: number | null;

  /** Devices that a fleet key may enrol within an hour; null for other roles. */
  new_devices_per_hour: number | null;
}

/** A key that was just made. */
export class CreatedAccessKeyDto extends AccessKeyDto {
  /**
   * The key itself, to be sent as `Authorization: Bearer`. It is shown this once.
   * @example psk_k3v9q0x1m7p2c5d8_Zx0v3nX2b8mJ5yq1TgP7cR9dL4wK6hS0aF8eU2iO3pQ
   */
  key: string;
}

export class AccessKeysQuery extends PageQuery {
  /** Only keys of this role. */
  @IsOptional()
  @IsEnum(KeyRole)
  role?: KeyRole;

  /**
   * Only keys of this device.
   * @example PIBOX-7
   */
  @IsOptional()
  @Matches(DEVICE_ID, { message: DEVICE_ID_RULE })
  device_id?: string;
}

export function accessKeyDto(key: AccessKey): AccessKeyDto {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    device_id: key.deviceId,
    site: key.site,
    enrolled: key.enrolled,
    created_by: key.createdBy,
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    uses: key.role === 'fleet' ? key.uses : null,
    max_uses: key.maxUses,
    new_devices_per_hour: key.newDevicesPerHour,
  };
}

export function createdAccessKeyDto({ secret, key }: CreatedKey): CreatedAccessKeyDto {
  return { key: secret, ...accessKeyDto(key) };
}
