import { Module } from '@nestjs/common';
import { SyncEventRecorder } from './sync-event.recorder.js';
import { SyncEventsController } from './sync-events.controller.js';
import { SyncEventsService } from './sync-events.service.js';
import { SyncHistoryController } from './sync-history.controller.js';
import { SyncHistoryService } from './sync-history.service.js';

@Module({
  controllers: [SyncEventsController, SyncHistoryController],
  providers: [SyncEventRecorder, SyncEventsService, SyncHistoryService],
  exports: [SyncEventRecorder],
})
export class SyncEventsModule {}
