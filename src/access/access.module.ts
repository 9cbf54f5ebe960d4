import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { AccessKeysController } from './access-keys.controller.js';
import { AccessKeysService } from './access-keys.service.js';
import { Authenticator } from './authenticator.js';
import { EnrolmentController } from './enrolment.controller.js';
import { EnrolmentService } from './enrolment.service.js';
import { KeyCache } from './key-cache.js';
import { KeyUse } from './key-use.js';
import { LIMIT_WINDOW_MS, RateLimitGuard } from './rate-limit.guard.js';
import { RolesGuard } from './roles.guard.js';
import { RouteRoles } from './route-roles.js';
import { WindowedThrottlerStorage } from './windowed-throttler.storage.js';

/** Who may do what, and how much of it. */
@Module({
  imports: [
    DiscoveryModule,
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
  controllers: [AccessKeysController, EnrolmentController],
  providers: [
    KeyCache,
    KeyUse,
    Authenticator,
    RouteRoles,
    AccessKeysService,
    EnrolmentService,
    // In this order: whoever tries keys out is counted before they are looked at.
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
  ],
})
export class AccessModule {}
