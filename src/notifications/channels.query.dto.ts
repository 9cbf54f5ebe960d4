import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { wholeNumber } from '../http/whole-number.js';

export class RotateSecretQuery {
  /** Hours for which the old secret signs, too, so that the receiver can change over: 0 to 168. 0 ends it at once. */
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(168)
  overlap_hours: number = 24;
}
