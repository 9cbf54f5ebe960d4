import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

export class DeviceStreakQuery {
  /** How many of its events at most, the newest, 1 to 1000. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit: number = 50;
}
