import { Module } from '@nestjs/common';
import { SyncEventRecorder } from './sync-event.recorder.js';
import { SyncEventsController } from './sync-events.controller.js';
import { SyncEventsService } from './sync-events.service.js';

@Module({
  controllers: [SyncEventsController],
  providers: [SyncEventRecorder, SyncEventsService],
  exports: [SyncEventRecorder],
})
export class SyncEventsModule {}
