import type { Outcome } from '../database/outbox.row.js';

/** What became of a test message. What the receiver answered is not in it, but its status. */
export class ChannelTestDto {
  /**
   * Whether the receiver took it.
   * @example false
   */
  delivered: boolean;

  /**
   * The receiver's HTTP status; null where there was none.
   * @example 404
   */
  status: number | null;

  /**
   * Why it was not delivered, as a short class: `http-404`, `timeout`, `tls`, `connection`, `name-not-found`,
   * `refused-address`, `redirect`, `smtp-not-configured`, `secret-unreadable` and the like; null when it was.
   * @example http-404
   */
  reason: string | null;

  /**
   * The test in the delivery log.
   * @example 17
   */
  notification_id: number;
}

export function channelTestDto({ id, status, httpStatus, failure }: Outcome): ChannelTestDto {
  return {
    delivered: status === 'delivered',
    status: httpStatus ?? null,
    reason: failure ?? null,
    notification_id: id,
  };
}
