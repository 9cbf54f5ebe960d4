import { Injectable, PipeTransform } from '@nestjs/common';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { ValidationFailed } from '../domain/domain-error.js';
import { invalidCursor } from './cursor.js';

/** Refuses a path that cannot name a device before the database is asked. */
@Injectable()
export class DeviceIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!DEVICE_ID.test(value)) throw new ValidationFailed([{ field: 'device_id', message: DEVICE_ID_RULE }]);
    return value;
  }
}

/** @throws ValidationFailed for a cursor that was made up */
export function deviceIdOfCursor(deviceId: string): string {
  if (!DEVICE_ID.test(deviceId)) throw invalidCursor();
  return deviceId;
}
