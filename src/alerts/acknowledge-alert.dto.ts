import { IsString, MaxLength, ValidateIf } from 'class-validator';
import { IsPlainText } from '../http/is-plain-text.decorator.js';

/** Who looks after an alert from now on. */
export class AcknowledgeAlertRequest {
  /**
   * Who, 1 to 200 characters; left out, the name of the key. Required where nobody is asked for a key.
   * @example Amina
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @MaxLength(200)
  @IsPlainText()
  by?: string;

  /**
   * What others should know, up to 1000 characters.
   * @example The router is unplugged; I go there on Thursday.
   */
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsString()
  @MaxLength(1_000)
  @IsPlainText()
  note?: string | null;
}
