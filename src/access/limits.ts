import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Limit } from './limit.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Every limit there is; .env.example gives the reason of each number. */
@Injectable()
export class Limits {
  /** Requests of one device, or of whoever claims to be it. */
  readonly deviceRequests: Limit;
  /** Events of one device, single or in uploads. */
  readonly deviceEvents: Limit;
  /** Requests with one key that is no device's. */
  readonly keyRequests: Limit;
  /** Requests without a key, from one address. */
  readonly addressRequests: Limit;
  /** Requests refused for their key, from one address. */
  readonly addressRefusals: Limit;
  /** Requests that name a key and have not its secret. */
  readonly keyRefusals: Limit;

  constructor(config: Config) {
    this.deviceRequests = aMinute('device-requests', config.deviceRequestsPerMinute);
    this.deviceEvents = { name: 'device-events', most: config.deviceEventsPerHour, windowMs: HOUR_MS };
    this.keyRequests = aMinute('key-requests', config.keyRequestsPerMinute);
    this.addressRequests = aMinute('address-requests', config.addressRequestsPerMinute);
    this.addressRefusals = aMinute('address-refusals', config.refusedRequestsPerMinute);
    this.keyRefusals = aMinute('key-refusals', config.refusedRequestsPerMinute);
  }
}

function aMinute(name: string, most: number): Limit {
  return { name, most, windowMs: MINUTE_MS };
}
