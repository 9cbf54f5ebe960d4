import { ExecutionContext, Injectable } from '@nestjs/common';
import { normalizeIp, ThrottlerGuard, ThrottlerLimitDetail } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { DEVICE_ID } from '../domain/device-id.js';

/**
 * Limits each device by its own name and everybody else by address: dozens of devices stand behind one
 * school's address, and must not share one device's limit.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override getTracker(request: Request): Promise<string> {
    return Promise.resolve(trackerOf(request));
  }

  /** The tracker names its counter well enough; a hash of it would cost more than the counting. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override throwThrottlingException(
    context: ExecutionContext,
    detail: ThrottlerLimitDetail,
  ): Promise<void> {
    context.switchToHttp().getResponse<Response>().setHeader('Retry-After', detail.timeToBlockExpire);
    return super.throwThrottlingException(context, detail);
  }
}

/** Whose requests are counted together: `device:` with the id that a report claims, or `address:`. */
export function trackerOf(request: Request): string {
  const deviceId = reportingDevice(request);
  return deviceId === undefined
    ? `address:${normalizeIp(request.ip ?? '', IPV6_SITE_PREFIX)}`
    : `device:${deviceId}`;
}

export function isDevice(tracker: string): boolean {
  return tracker.startsWith('device:');
}

/** One site has a /64 of IPv6 addresses to choose from. */
const IPV6_SITE_PREFIX = 64;

function reportingDevice(request: Request): string | undefined {
  if (request.method !== 'POST') return undefined;
  const body = request.body as { device_id?: unknown; deviceId?: unknown } | undefined;
  const deviceId = body?.device_id ?? body?.deviceId;
  return typeof deviceId === 'string' && DEVICE_ID.test(deviceId) ? deviceId : undefined;
}
