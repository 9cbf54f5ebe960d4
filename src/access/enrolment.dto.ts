import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { EnrolmentApproval } from '../database/enrolment.repository.js';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { IsPlainText } from '../http/is-plain-text.decorator.js';
import { EnrolledDevice } from './enrolment.service.js';

/** A device that wants a key of its own. */
export class EnrolDeviceRequest {
  /**
   * The id that it will report as.
   * @example PIBOX-7
   */
  @Matches(DEVICE_ID, { message: DEVICE_ID_RULE })
  device_id: string;

  /**
   * What people will see its key listed as; the id where it is not given.
   * @example PiBox in the library
   */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  name?: string;
}

/** A device's own key. */
export class EnrolledDeviceDto {
  /** @example PIBOX-7 */
  device_id: string;

  /** @example PiBox in the library */
  name: string;

  /**
   * The public part of the key.
   * @example k3v9q0x1m7p2c5d8
   */
  key_id: string;

  /**
   * The key itself, to be kept by the device and sent as `Authorization: Bearer`. It is shown this once.
   * @example psk_k3v9q0x1m7p2c5d8_Zx0v3nX2b8mJ5yq1TgP7cR9dL4wK6hS0aF8eU2iO3pQ
   */
  key: string;
}

/** Leave for a device to enrol once more. */
export class EnrolmentApprovalDto {
  /** @example PIBOX-7 */
  device_id: string;

  /** Id of the operator's key; null where the service asks for none. */
  approved_by: string | null;

  approved_at: Date;

  /** Until when the device may use it: seven days. */
  expires_at: Date;
}

export function enrolledDeviceDto({ deviceId, name, keyId, secret }: EnrolledDevice): EnrolledDeviceDto {
  return { device_id: deviceId, name, key_id: keyId, key: secret };
}

export function enrolmentApprovalDto(approval: EnrolmentApproval): EnrolmentApprovalDto {
  return {
    device_id: approval.deviceId,
    approved_by: approval.approvedBy,
    approved_at: approval.approvedAt,
    expires_at: approval.expiresAt,
  };
}
