import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { AccessKeysController } from './access-keys.controller.js';
import { AccessKeysService } from './access-keys.service.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { Authenticator } from './authenticator.js';
import { EnrolmentController } from './enrolment.controller.js';
import { EnrolmentService } from './enrolment.service.js';
import { KeyCache } from './key-cache.js';
import { KeyUse } from './key-use.js';
import { Limits } from './limits.js';
import { MemoryLimitStorage } from './memory-limit.storage.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RefusedRequests } from './refused-requests.js';
import { RolesGuard } from './roles.guard.js';
import { RouteRoles } from './route-roles.js';
import { SessionCache } from './sessions/session-cache.js';
import { SessionController } from './sessions/session.controller.js';
import { SessionsService } from './sessions/sessions.service.js';

/** Who may do what, and how much of it. */
@Module({
  imports: [
    DiscoveryModule,
    ThrottlerModule.forRootAsync({
      // Which of our limits counts for a request, the guard decides: the throttler's own is never asked.
      useFactory: () => ({ storage: new MemoryLimitStorage(), throttlers: [{ ttl: 0, limit: 0 }] }),
    }),
  ],
  controllers: [AccessKeysController, EnrolmentController, SessionController],
  providers: [
    KeyCache,
    SessionCache,
    KeyUse,
    Authenticator,
    RouteRoles,
    AccessKeysService,
    EnrolmentService,
    SessionsService,
    Limits,
    RefusedRequests,
    // In this order: who it is, how much of it, and only then whether at all, so that what is forbidden counts too.
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
  ],
})
export class AccessModule {}
