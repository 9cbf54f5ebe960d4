import { Injectable, PipeTransform } from '@nestjs/common';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { ValidationFailed } from '../domain/domain-error.js';

/** Refuses a path that cannot name a device before the database is asked. */
@Injectable()
export class DeviceIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!DEVICE_ID.test(value)) throw new ValidationFailed([{ field: 'device_id', message: DEVICE_ID_RULE }]);
    return value;
  }
}
