import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { IsPlainText } from '../http/is-plain-text.decorator.js';

const isGiven = (_: unknown, value: unknown): boolean => value !== undefined;
const isSet = (_: unknown, value: unknown): boolean => value !== undefined && value !== null;

/** What an operator may change of a device. What is left out stays; `null` clears. */
export class UpdateDeviceRequest {
  /**
   * What people call it, up to 200 characters.
   * @example Library, back room
   */
  @ValidateIf(isSet)
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  name?: string | null;

  /**
   * Where it stands, up to 200 characters.
   * @example Kibera Primary
   */
  @ValidateIf(isSet)
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  site?: string | null;

  /**
   * Up to 20 different labels of up to 50 characters.
   * @example ["solar"]
   */
  @ValidateIf(isGiven)
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(50, { each: true })
  @IsPlainText({ each: true })
  labels?: string[];

  /**
   * Seconds between two syncs when all is well, 60 to 31536000 (a year); null for the service's default.
   * @example 3600
   */
  @ValidateIf(isSet)
  @IsInt()
  @Min(60)
  @Max(31_536_000)
  expected_interval_seconds?: number | null;

  /**
   * Whether its alerts keep quiet: its events are kept and its alerts opened and resolved, but nobody is told.
   * @example false
   */
  @ValidateIf(isGiven)
  @IsBoolean()
  paused?: boolean;
}
