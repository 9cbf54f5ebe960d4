import { DomainError } from '../domain/domain-error.js';

/** The device has or had a key, or has reported: only an operator can tell whether this is still the same one. */
export class DeviceKnown extends DomainError {
  readonly code = 'device_known';

  constructor(deviceId: string) {
    super(
      `Device ${deviceId} is known already. An operator may let it enrol once more: ` +
        `POST /api/devices/${deviceId}/enrolment.`,
    );
  }
}

/** The fleet key has enrolled as many devices as it may, or has ended. */
export class EnrolmentOver extends DomainError {
  readonly code = 'enrolment_over';
}
