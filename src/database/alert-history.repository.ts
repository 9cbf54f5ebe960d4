import { Injectable } from '@nestjs/common';
import { AlertChangeKind } from '../generated/prisma/enums.js';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

export interface AlertChange {
  readonly change: AlertChangeKind;
  readonly at: Date;
  /** Null where nobody did it, but a device or the clock. */
  readonly byWhom: string | null;
  readonly note: string | null;
}

/** What happened to an alert, and who did it. */
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
}
