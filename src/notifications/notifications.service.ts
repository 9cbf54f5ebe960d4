import { Injectable } from '@nestjs/common';
import {
  NotificationQuery,
  NotificationRepository,
  StoredNotification,
} from '../database/notification.repository.js';
import { ChannelDisabled, NotificationNotFinished, NotificationNotFound } from './notification.errors.js';

/** The delivery log, as people look at it. */
@Injectable()
export class NotificationsService {
  constructor(private readonly notifications: NotificationRepository) {}

  list(query: NotificationQuery): Promise<StoredNotification[]> {
    return this.notifications.newestFirst(query);
  }

  /** @throws NotificationNotFound */
  async get(id: number): Promise<StoredNotification> {
    const notification = await this.notifications.find(id);
    if (!notification) throw new NotificationNotFound(id);
    return notification;
  }

  /**
   * Has it sent again, with all its attempts before it.
   *
   * @throws NotificationNotFound; NotificationNotFinished; ChannelDisabled
   */
  async replay(id: number): Promise<StoredNotification> {
    const replayed = await this.notifications.replay(id);
    const notification = await this.get(id);
    if (replayed) return notification;
    const isFinished = notification.status === 'dead' || notification.status === 'delivered';
    if (isFinished) throw new ChannelDisabled(notification.channelId);
    throw new NotificationNotFinished(id, notification.status);
  }
}
