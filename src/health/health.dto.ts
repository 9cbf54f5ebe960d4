import { ApiProperty } from '@nestjs/swagger';

export class DatabaseCheckDto {
  @ApiProperty({ enum: ['up', 'down'], example: 'up' })
  status: 'up' | 'down';

  /**
   * Milliseconds that the database took to answer.
   * @example 2
   */
  latency_ms: number;
}

export class ChecksDto {
  database: DatabaseCheckDto;
}

/** How the service is, for people. */
export class HealthDto {
  @ApiProperty({ enum: ['OK', 'ERROR'], example: 'OK' })
  status: 'OK' | 'ERROR';

  /**
   * The port that this process listens on.
   * @example 3000
   */
  port: number;

  /**
   * The server's clock.
   * @example 2026-05-04T10:30:02.113Z
   */
  timestamp: Date;

  checks: ChecksDto;
}

export class LiveDto {
  /** @example live */
  status: string;
}

export class ReadyDto {
  @ApiProperty({ enum: ['ready', 'draining', 'database down'], example: 'ready' })
  status: 'ready' | 'draining' | 'database down';
}
