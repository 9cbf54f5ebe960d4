import { ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  normalizeIp,
  ThrottlerException,
  ThrottlerGuard,
  ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { DEVICE_ID } from '../domain/device-id.js';
import { JsonUpload } from '../http/json-upload.js';

/** Milliseconds of the window in which requests are counted. */
export const LIMIT_WINDOW_MS = 60_000;

/** One site has a /64 of IPv6 addresses to choose from. */
const IPV6_SITE_PREFIX = 64;

/**
 * Limits each device by its own name and everybody else by address: dozens of devices stand behind one
 * school's address, and must not share one device's limit.
 *
 * Reports go past the throttler's general machinery (decorators, several limits, a hash for each key), which
 * took a sixth of the time of a request before the database. Everything else goes through it.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly config: Config,
  ) {
    super(options, storage, reflector);
  }

  /** @throws ThrottlerException */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    const deviceId = reportingDevice(context.switchToHttp().getRequest<Request>());
    return deviceId === undefined ? super.canActivate(context) : this.admitReport(deviceId, context);
  }

  protected override getTracker(request: Request): Promise<string> {
    return Promise.resolve(`address:${normalizeIp(request.ip ?? '', IPV6_SITE_PREFIX)}`);
  }

  /** One count for all routes. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override throwThrottlingException(
    context: ExecutionContext,
    { timeToBlockExpire }: Pick<ThrottlerLimitDetail, 'timeToBlockExpire'>,
  ): Promise<void> {
    context.switchToHttp().getResponse<Response>().setHeader('Retry-After', timeToBlockExpire);
    return Promise.reject(new ThrottlerException());
  }

  private async admitReport(deviceId: string, context: ExecutionContext): Promise<boolean> {
    const limit = this.config.deviceRequestsPerMinute;
    const key = `device:${deviceId}`;
    const hit = await this.storageService.increment(key, LIMIT_WINDOW_MS, limit, LIMIT_WINDOW_MS, 'device');
    if (hit.isBlocked) await this.throwThrottlingException(context, hit);
    return true;
  }
}

/**
 * The device of the key; without one, the device that a report claims to come from, if it names one; of an
 * upload, that of its first event.
 */
function reportingDevice({ method, body, principal }: Request): string | undefined {
  if (method !== 'POST') return undefined;
  if (typeof principal?.device === 'string') return principal.device;
  const report = (body instanceof JsonUpload ? body.items[0] : body) as
    { device_id?: unknown; deviceId?: unknown } | undefined | null;
  const deviceId = report?.device_id ?? report?.deviceId;
  return typeof deviceId === 'string' && DEVICE_ID.test(deviceId) ? deviceId : undefined;
}
