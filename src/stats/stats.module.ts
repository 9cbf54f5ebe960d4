import { Module } from '@nestjs/common';
import { FleetSnapshots } from './fleet-snapshots.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';

@Module({
  controllers: [StatsController],
  providers: [StatsService, FleetSnapshots],
})
export class StatsModule {}
