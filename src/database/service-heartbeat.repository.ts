import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

/** The settings that the devices' deadlines are made with. */
export interface DeadlineSettings {
  readonly silentAfterSeconds: number;
  readonly expectedIntervalSeconds: number;
}

/** A time at which the service was away. */
export interface ServiceOutage {
  readonly startedAt: Date;
  readonly endedAt: Date;
}

@Injectable()
export class ServiceHeartbeatRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Says that the service is alive, and that it was away where the beat before lies more than so many seconds back.
   * One statement: of two replicas that begin at once, the second one waits for the first one's beat and finds it.
   *
   * Outages are forgotten when no deadline can reach back to them, and when they end in the future, as they do after a
   * clock that was ahead has been put right: then deadlines have been moved too far, as with other settings.
   */
  async beat(
    now: Date,
    longestPauseSeconds: number,
    settings: DeadlineSettings,
  ): Promise<ServiceOutage | undefined> {
    const [outage] = await asked(
      () => this.prisma.$queryRaw<{ started_at: Date; ended_at: Date }[]>`
        WITH given AS (
          SELECT ${now.toISOString()}::timestamptz AS at
        ),
        before AS (
          SELECT service_heartbeat.beat_at FROM service_heartbeat WHERE service_heartbeat.id = 1 FOR UPDATE
        ),
        forgotten AS (
          DELETE FROM service_outages USING given
          WHERE service_outages.ended_at < given.at - INTERVAL '3 years'
            OR service_outages.ended_at > given.at + INTERVAL '5 minutes'
          RETURNING service_outages.ended_at > given.at AS never_was
        ),
        beat AS (
          INSERT INTO service_heartbeat (beat_at, silent_after_seconds, expected_interval_seconds)
          SELECT given.at, ${settings.silentAfterSeconds}::integer, ${settings.expectedIntervalSeconds}::integer
          -- Not before the row is locked.
          FROM given LEFT JOIN before ON TRUE
          ON CONFLICT (id) DO UPDATE SET
            beat_at = excluded.beat_at,
            silent_after_seconds = CASE
              WHEN EXISTS (SELECT 1 FROM forgotten WHERE forgotten.never_was) THEN 0
              ELSE service_heartbeat.silent_after_seconds
            END
        )
        INSERT INTO service_outages (started_at, ended_at)
        SELECT before.beat_at, given.at
        FROM before CROSS JOIN given
        WHERE given.at - before.beat_at > make_interval(secs => ${longestPauseSeconds}::integer)
        ON CONFLICT (ended_at) DO NOTHING
        RETURNING service_outages.started_at, service_outages.ended_at`,
    );
    return outage && { startedAt: outage.started_at, endedAt: outage.ended_at };
  }

  /** Those of the last `keepSettings`, or of the first beat. */
  async settings(): Promise<DeadlineSettings | undefined> {
    const heartbeat = await asked(() => this.prisma.serviceHeartbeat.findUnique({ where: { id: 1 } }));
    return heartbeat ?? undefined;
  }

  async keepSettings({ silentAfterSeconds, expectedIntervalSeconds }: DeadlineSettings): Promise<void> {
    await asked(() =>
      this.prisma.serviceHeartbeat.updateMany({
        where: { id: 1 },
        data: { silentAfterSeconds, expectedIntervalSeconds },
      }),
    );
  }
}
