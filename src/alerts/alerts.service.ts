import { Injectable } from '@nestjs/common';
import { AlertQuery, AlertRepository, StoredAlert } from '../database/alert.repository.js';
import { AlertNotFound } from './alert-not-found.js';

/** Alerts as people look at them; FailingAlerts opens and resolves them. */
@Injectable()
export class AlertsService {
  constructor(private readonly alerts: AlertRepository) {}

  list(query: AlertQuery): Promise<StoredAlert[]> {
    return this.alerts.newestFirst(query);
  }

  /** @throws AlertNotFound */
  async get(id: number): Promise<StoredAlert> {
    const alert = await this.alerts.find(id);
    if (!alert) throw new AlertNotFound(id);
    return alert;
  }
}
