/** What happened to one alert. */
export interface ChangedAlert {
  readonly id: number;
  readonly deviceId: string;
  readonly transition: 'opened' | 'resolved' | 'reminder';
}

/**
 * Alerts changed and that is committed, the notifications that they owe with it. Whoever changed them waits for every
 * listener, and so does the device whose report did it.
 */
export class AlertChanged {
  static readonly eventName = 'alert.changed';

  constructor(readonly alerts: readonly ChangedAlert[]) {}
}
