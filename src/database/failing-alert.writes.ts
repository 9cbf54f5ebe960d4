import type { Prisma } from '../generated/prisma/client.js';
import type { SettledAlert } from './failing-alert.repository.js';

/** The first failure of a streak is the oldest one after the newest success. The devices are locked. */
export async function openFailing(
  transaction: Prisma.TransactionClient,
  deviceIds: string[],
  now: Date,
): Promise<SettledAlert[]> {
  if (deviceIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: bigint; device_id: string }[]>`
    INSERT INTO alerts (
      device_id, kind, opened_at, last_told_at, consecutive_failures, first_failed_sync, last_failed_sync,
      last_error_message, last_success_at, last_contact_at
    )
    SELECT
      devices.device_id, 'failing', ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz,
      devices.consecutive_failures, first.effective_at, devices.last_failure_at,
      devices.last_error_message, devices.last_success_at, devices.last_contact_at
    FROM devices
    CROSS JOIN LATERAL (
      SELECT sync_events.effective_at
      FROM sync_events
      WHERE sync_events.device_id = devices.device_id
        AND NOT sync_events.succeeded
        AND sync_events.effective_at > coalesce(devices.last_success_at, '-infinity')
      ORDER BY sync_events.effective_at
      LIMIT 1
    ) AS first
    WHERE devices.device_id = ANY(${deviceIds}::text[])
    ON CONFLICT (device_id, kind) WHERE resolved_at IS NULL DO NOTHING
    RETURNING alerts.id, alerts.device_id`;
  return rows.map((row) => ({ id: Number(row.id), deviceId: row.device_id, step: 'open' }));
}

/**
 * Says why the run ended, and keeps in the alert what it had been. The devices are locked.
 *
 * `breaking` is the newest success, where it lies in the run: no success there means that the limit was raised.
 * What was stored before its write was known, and shown: the events of one write share their `xmin`, and a
 * device's later writes have higher ids. `newest_known` is the newest failure known by then.
 *
 * `corrected`: that failure is the later one, so the success came late and the run that was shown had never been
 * one. The alert keeps the run as it was shown. `recovered`: the success is the later one, or of the same
 * instant. The alert keeps the run that the newest known failure belongs to, with whatever the write brought
 * to it. `run_start` is the success before it.
 */
export async function resolveFailing(
  transaction: Prisma.TransactionClient,
  deviceIds: string[],
  now: Date,
): Promise<SettledAlert[]> {
  if (deviceIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: bigint; device_id: string }[]>`
    UPDATE alerts
    SET
      status = 'resolved',
      resolved_at = greatest(alerts.opened_at, ${now.toISOString()}::timestamptz),
      resolution = CASE WHEN ended.corrected THEN 'corrected' ELSE 'recovered' END::alert_resolution,
      consecutive_failures = ended.length,
      first_failed_sync = coalesce(ended.first_failed_sync, alerts.first_failed_sync),
      last_failed_sync = coalesce(ended.last_failed_sync, alerts.last_failed_sync),
      last_error_message = ended.last_error_message,
      last_success_at = ended.last_success_at,
      last_contact_at = ended.last_contact_at
    FROM (
      SELECT
        ending.device_id,
        ending.id,
        known.corrected,
        run.length,
        run.first_failed_sync,
        run.last_failed_sync,
        run.last_error_message,
        run_start.effective_at AS last_success_at,
        devices.last_contact_at
      FROM alerts AS ending
      JOIN devices ON devices.device_id = ending.device_id
      LEFT JOIN LATERAL (
        SELECT success.effective_at, success.id, success.xmin AS write
        FROM sync_events AS success
        WHERE success.device_id = ending.device_id
          AND success.succeeded
          AND success.effective_at = devices.last_success_at
        ORDER BY success.id
        LIMIT 1
      ) AS breaking ON devices.last_success_at >= ending.first_failed_sync
      LEFT JOIN LATERAL (
        SELECT failure.effective_at
        FROM sync_events AS failure
        WHERE failure.device_id = ending.device_id
          AND NOT failure.succeeded
          AND (breaking.id IS NULL OR (failure.id < breaking.id AND failure.xmin <> breaking.write))
        ORDER BY failure.effective_at DESC, failure.id DESC
        LIMIT 1
      ) AS newest_known ON TRUE
      CROSS JOIN LATERAL (
        SELECT breaking.id IS NULL OR coalesce(newest_known.effective_at > breaking.effective_at, FALSE) AS corrected
      ) AS known
      LEFT JOIN LATERAL (
        SELECT success.effective_at
        FROM sync_events AS success
        WHERE success.device_id = ending.device_id
          AND success.succeeded
          AND success.effective_at < newest_known.effective_at
          AND (NOT known.corrected OR breaking.id IS NULL OR (success.id < breaking.id AND success.xmin <> breaking.write))
        ORDER BY success.effective_at DESC
        LIMIT 1
      ) AS run_start ON TRUE
      LEFT JOIN LATERAL (
        SELECT success.effective_at
        FROM sync_events AS success
        WHERE success.device_id = ending.device_id
          AND success.succeeded
          AND success.effective_at >= newest_known.effective_at
        ORDER BY success.effective_at
        LIMIT 1
      ) AS run_end ON NOT known.corrected
      CROSS JOIN LATERAL (
        SELECT
          count(*)::integer AS length,
          min(failure.effective_at) AS first_failed_sync,
          max(failure.effective_at) AS last_failed_sync,
          (array_agg(failure.error_message ORDER BY failure.effective_at DESC, failure.id DESC))[1] AS last_error_message
        FROM sync_events AS failure
        WHERE failure.device_id = ending.device_id
          AND NOT failure.succeeded
          AND failure.effective_at > coalesce(run_start.effective_at, '-infinity')
          AND failure.effective_at <= coalesce(run_end.effective_at, 'infinity')
          AND (NOT known.corrected OR breaking.id IS NULL OR (failure.id < breaking.id AND failure.xmin <> breaking.write))
      ) AS run
      WHERE ending.device_id = ANY(${deviceIds}::text[]) AND ending.kind = 'failing' AND ending.resolved_at IS NULL
    ) AS ended
    WHERE alerts.device_id = ended.device_id AND alerts.id = ended.id AND alerts.resolved_at IS NULL
    RETURNING alerts.id, alerts.device_id`;
  return rows.map((row) => ({ id: Number(row.id), deviceId: row.device_id, step: 'resolve' }));
}
