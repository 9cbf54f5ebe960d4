/** The time of the server. */
export class TimeDto {
  /**
   * Now, in UTC, to the millisecond.
   * @example 2026-05-04T10:30:02.113Z
   */
  time: Date;
}
