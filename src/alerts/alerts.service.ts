import { Injectable } from '@nestjs/common';
import { AlertHistoryRepository } from '../database/alert-history.repository.js';
import { Acknowledgement, AlertQuery, AlertRepository } from '../database/alert.repository.js';
import { StoredAlert } from '../database/alert.row.js';
import { NotificationRepository } from '../database/notification.repository.js';
import { Clock } from '../domain/clock.js';
import { AlertDetails } from './alert-details.dto.js';
import { AlertIsResolved, AlertNotFound } from './alert.errors.js';

/** Alerts as people look at them and after them; FailingAlerts and SilentDevices open and resolve them. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly alerts: AlertRepository,
    private readonly history: AlertHistoryRepository,
    private readonly notifications: NotificationRepository,
    private readonly clock: Clock,
  ) {}

  list(query: AlertQuery): Promise<StoredAlert[]> {
    return this.alerts.newestFirst(query);
  }

  /** @throws AlertNotFound */
  async get(id: number): Promise<StoredAlert> {
    const alert = await this.alerts.find(id);
    if (!alert) throw new AlertNotFound(id);
    return alert;
  }

  /** @throws AlertNotFound */
  async details(id: number): Promise<AlertDetails> {
    const alert = await this.get(id);
    const [changes, notifications] = await Promise.all([
      this.history.changes(alert.deviceId, id),
      this.notifications.ofAlert(id),
    ]);
    return { alert, changes, deliveries: notifications.toReversed() };
  }

  /**
   * The first acknowledgement stands, whoever repeats it with whatever note: of two people who go for one device,
   * the second one should see the first one's name.
   *
   * @throws AlertNotFound, AlertIsResolved
   */
  async acknowledge(id: number, by: string, note: string | null): Promise<StoredAlert> {
    const acknowledgement: Acknowledgement = { at: this.clock.now(), by, note };
    const isDone = await this.alerts.acknowledge(id, acknowledgement);
    return this.answer(id, isDone);
  }

  /**
   * The alert is open as before, and reminds again, the first time a whole REMINDER_AFTER_HOURS from now.
   *
   * @throws AlertNotFound, AlertIsResolved
   */
  async withdrawAcknowledgement(id: number): Promise<StoredAlert> {
    const isDone = await this.alerts.withdrawAcknowledgement(id, this.clock.now());
    return this.answer(id, isDone);
  }

  /** What was not done because it had been done before is as good; not so for an alert that is resolved. */
  private async answer(id: number, isDone: boolean): Promise<StoredAlert> {
    const alert = await this.get(id);
    if (!isDone && alert.status === 'resolved') throw new AlertIsResolved(id);
    return alert;
  }
}
