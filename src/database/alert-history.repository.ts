import { Injectable } from '@nestjs/common';
import { AlertChangeKind, NotificationStatus, NotificationTransition } from '../generated/prisma/enums.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface AlertChange {
  readonly change: AlertChangeKind;
  readonly at: Date;
  /** Null where nobody did it, but a device or the clock. */
  readonly byWhom: string | null;
  readonly note: string | null;
}

/** A notification of an alert, and how far it has come. */
export interface AlertDelivery {
  readonly id: number;
  readonly channelId: number;
  readonly channelName: string;
  readonly transition: NotificationTransition;
  readonly status: NotificationStatus;
  readonly attempts: number;
  readonly finishedAt: Date | null;
  readonly lastFailure: string | null;
}

/** What happened to an alert, and whom it was told. */
@Injectable()
export class AlertHistoryRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** In the order of happening: triggers on alerts number the changes. */
  async changes(deviceId: string, alertId: number): Promise<AlertChange[]> {
    return asked(() =>
      this.prisma.alertChange.findMany({
        select: { change: true, at: true, byWhom: true, note: true },
        where: { deviceId, alertId },
        orderBy: { id: 'asc' },
      }),
    );
  }

  /** In the order of being owed. */
  async deliveries(alertId: number): Promise<AlertDelivery[]> {
    const notifications = await asked(() =>
      this.prisma.notification.findMany({
        include: { channel: { select: { name: true } } },
        where: { alertId },
        orderBy: { id: 'asc' },
      }),
    );
    return notifications.map((notification) => ({
      id: Number(notification.id),
      channelId: Number(notification.channelId),
      channelName: notification.channel.name,
      transition: notification.transition,
      status: notification.status,
      attempts: notification.attempts,
      finishedAt: notification.finishedAt,
      lastFailure: notification.lastFailure,
    }));
  }
}
