import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuditTrailService } from './audit-trail.service.js';
import { AuditController } from './audit.controller.js';
import { AuditedRoutes } from './audited-routes.js';

/** Who changed what. Global, for every module's routes write into it. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [AuditController],
  providers: [AuditTrailService, AuditedRoutes],
  exports: [AuditTrailService],
})
export class AuditModule {}
