/** What one recorded event did to its device. */
export interface RecordedEvent {
  readonly deviceId: string;
  /** The stored event. */
  readonly id: number;
  readonly failed: boolean;
  /** Stored already by an earlier request, which may have ended before its listeners ran. */
  readonly repeated: boolean;
  /** The device's failure streak before and after the write that stored the event. */
  readonly streakBefore: number;
  readonly streakAfter: number;
  /** A silent alert of the device was unresolved until this contact. */
  readonly wasSilent: boolean;
}

/**
 * Sync events were recorded and committed: one domain event a write, carrying all that the write
 * gathered. Whoever reported them is answered only after every listener has finished.
 */
export class SyncEventRecorded {
  static readonly eventName = 'sync-event.recorded';

  constructor(readonly events: readonly RecordedEvent[]) {}
}
