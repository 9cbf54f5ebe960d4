import { Logger } from '@nestjs/common';
import type { Message } from '../message.js';
import { messageText } from './message-text.js';

/** The channel that is always there: a line a message. */
export class LogSender {
  private readonly logger = new Logger('Alerts');

  /** @param streakToAlert the number that the line of an opened alert names */
  constructor(private readonly streakToAlert: number) {}

  send(message: Message): void {
    const { isBad, sentence } = messageText(message, this.streakToAlert);
    if (isBad) this.logger.warn(sentence);
    else this.logger.log(sentence);
  }
}
