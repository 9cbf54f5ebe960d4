import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import type { Request } from 'express';
import { Config } from '../config/config.js';
import { isDevice, RateLimitGuard, trackerOf } from './rate-limit.guard.js';
import { WindowedThrottlerStorage } from './windowed-throttler.storage.js';

const MINUTE_MS = 60_000;

/** Who may do how much. */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        storage: new WindowedThrottlerStorage(),
        // The three headers on every answer would tell devices what they cannot use.
        setHeaders: false,
        throttlers: [
          {
            ttl: MINUTE_MS,
            limit: (context) =>
              isDevice(trackerOf(context.switchToHttp().getRequest<Request>()))
                ? config.deviceRequestsPerMinute
                : config.addressRequestsPerMinute,
          },
        ],
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }],
})
export class AccessModule {}
