import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { LIMIT_WINDOW_MS, RateLimitGuard } from './rate-limit.guard.js';
import { WindowedThrottlerStorage } from './windowed-throttler.storage.js';

/** Who may do how much. */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        storage: new WindowedThrottlerStorage(),
        // The three headers on every answer would tell devices what they cannot use.
        setHeaders: false,
        throttlers: [{ ttl: LIMIT_WINDOW_MS, limit: config.addressRequestsPerMinute }],
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: RateLimitGuard }],
})
export class AccessModule {}
