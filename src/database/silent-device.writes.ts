import type { Prisma } from '../generated/prisma/client.js';
import { textArray, timeArray } from './array-literal.js';
import type { SettledAlert } from './failing-alert.repository.js';

/** @param devices when the sweep looks at each of them next; null for a silent one */
export async function moveDeadlines(
  transaction: Prisma.TransactionClient,
  devices: readonly { deviceId: string; dueAt: Date | null }[],
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE devices
    SET silence_due_at = given.due_at
    FROM unnest(
      ${textArray(devices.map(({ deviceId }) => deviceId))}::text[],
      ${timeArray(devices.map(({ dueAt }) => dueAt))}::timestamptz[]
    ) AS given (device_id, due_at)
    WHERE devices.device_id = given.device_id`;
}

/**
 * Of devices that are silent and locked, those that have no unresolved alert. With the streak as it stands: whoever
 * goes there wants to know whether the device failed before it fell silent.
 */
export async function openSilent(
  transaction: Prisma.TransactionClient,
  deviceIds: readonly string[],
  now: Date,
): Promise<SettledAlert[]> {
  if (deviceIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: bigint; device_id: string }[]>`
    INSERT INTO alerts (
      device_id, kind, opened_at, last_told_at, consecutive_failures, first_failed_sync, last_failed_sync,
      last_error_message, last_success_at, last_contact_at
    )
    SELECT
      devices.device_id, 'silent', ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz,
      devices.consecutive_failures, first.effective_at, devices.last_failure_at,
      devices.last_error_message, devices.last_success_at, devices.last_contact_at
    FROM devices
    LEFT JOIN LATERAL (
      SELECT sync_events.effective_at
      FROM sync_events
      WHERE sync_events.device_id = devices.device_id
        AND NOT sync_events.succeeded
        AND sync_events.effective_at > coalesce(devices.last_success_at, '-infinity')
      ORDER BY sync_events.effective_at
      LIMIT 1
    ) AS first ON TRUE
    WHERE devices.device_id = ANY(${textArray(deviceIds)}::text[])
    ORDER BY devices.device_id
    ON CONFLICT (device_id, kind) WHERE resolved_at IS NULL DO NOTHING
    RETURNING alerts.id, alerts.device_id`;
  return rows.map((row) => ({ id: Number(row.id), deviceId: row.device_id, step: 'open' }));
}

/**
 * Of devices that are not silent and locked. Without a contact since the alert opened, a changed setting or interval
 * gave the device more time.
 */
export async function resolveSilent(
  transaction: Prisma.TransactionClient,
  deviceIds: readonly string[],
  now: Date,
): Promise<SettledAlert[]> {
  if (deviceIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: bigint; device_id: string }[]>`
    UPDATE alerts
    SET
      status = 'resolved',
      resolved_at = greatest(alerts.opened_at, ${now.toISOString()}::timestamptz),
      resolution = CASE WHEN devices.last_contact_at > alerts.last_contact_at THEN 'contact' ELSE 'corrected' END::alert_resolution
    FROM devices
    WHERE devices.device_id = alerts.device_id
      AND alerts.device_id = ANY(${textArray(deviceIds)}::text[])
      AND alerts.kind = 'silent'
      AND alerts.resolved_at IS NULL
    RETURNING alerts.id, alerts.device_id`;
  return rows.map((row) => ({ id: Number(row.id), deviceId: row.device_id, step: 'resolve' }));
}
