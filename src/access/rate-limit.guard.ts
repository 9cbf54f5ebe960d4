import { ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
} from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { DEVICE_ID } from '../domain/device-id.js';
import { JsonUpload } from '../http/json-upload.js';
import { Limit, Taken } from './limit.js';
import { Limits } from './limits.js';
import type { LimitStorage } from './memory-limit.storage.js';
import { addressOf, rateLimitHeaders, tooManyRequests } from './too-many-requests.js';

const ADMITTED = Promise.resolve(true);

/**
 * Limits each device by itself, each other key by itself, and whoever has no key by address: dozens of devices
 * stand behind one school's address, and must not share one limit.
 *
 * Devices go past the throttler's general machinery (decorators, several limits, a hash for each key), which
 * took a sixth of the time of a request before the database, and are told of their limits only where they meet
 * them. Everybody else goes through it.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() private readonly storage: LimitStorage,
    reflector: Reflector,
    private readonly limits: Limits,
  ) {
    super(options, storage, reflector);
  }

  /** @throws RequestRefused (429) */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const deviceId = deviceBehind(request);
    if (deviceId === undefined) return super.canActivate(context);
    const { deviceRequests, deviceEvents } = this.limits;
    const requests = this.take(deviceRequests, deviceId, 1);
    const events = eventsIn(request);
    if (requests) return requests.then(() => this.take(deviceEvents, deviceId, events)).then(() => true);
    return this.take(deviceEvents, deviceId, events)?.then(() => true) ?? ADMITTED;
  }

  /** Called by the throttler for routes that are limited at all. */
  protected override async handleRequest({ context }: ThrottlerRequest): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const keyId = request.principal?.keyId;
    const limit = keyId ? this.limits.keyRequests : this.limits.addressRequests;
    const taken = await this.storage.take(limit, keyId ?? addressOf(request), 1);
    admit(limit, taken);
    const secondsUntilFull = Math.ceil(((limit.most - taken.left) * limit.windowMs) / limit.most / 1_000);
    http.getResponse<Response>().set(rateLimitHeaders(limit, taken.left, secondsUntilFull));
    return true;
  }

  /**
   * A promise only where the storage gives one.
   *
   * @throws RequestRefused (429)
   */
  private take(limit: Limit, key: string, cost: number): Promise<void> | undefined {
    const taken = this.storage.take(limit, key, cost);
    if (taken instanceof Promise) return taken.then((later) => admit(limit, later));
    admit(limit, taken);
    return undefined;
  }
}

function admit(limit: Limit, taken: Taken): void {
  if (taken.isRefused) throw tooManyRequests(limit, taken);
}

/**
 * The device of the key. Where keys are asked of nobody, or are not a device's, the device that a report claims
 * to come from, if it names one; of an upload, that of its first event.
 */
function deviceBehind({ method, body, principal }: Request): string | undefined {
  if (typeof principal?.device === 'string') return principal.device;
  if (method !== 'POST') return undefined;
  const report = (body instanceof JsonUpload ? body.items[0] : body) as
    { device_id?: unknown; deviceId?: unknown } | undefined | null;
  const deviceId = report?.device_id ?? report?.deviceId;
  return typeof deviceId === 'string' && DEVICE_ID.test(deviceId) ? deviceId : undefined;
}

function eventsIn({ method, body }: Request): number {
  return body instanceof JsonUpload ? body.items.length : method === 'POST' ? 1 : 0;
}
