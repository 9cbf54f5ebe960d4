import { Logger } from '@nestjs/common';
import { FAILING_ALERT, MESSAGES } from '../message.examples.js';
import { LogSender } from './log.sender.js';

describe('The log', () => {
  const lines: string[] = [];
  const note =
    (level: string) =>
    (message: string, context: string): void =>
      void lines.push(`${level} [${context}] ${message}`);

  beforeEach(() => {
    lines.length = 0;
    Logger.overrideLogger({ log: note('info'), warn: note('warn'), error: note('error') });
  });

  it('warns of an opened alert by the limit that it passed, however long the streak is by now', () => {
    new LogSender(3).send({
      ...MESSAGES['alert.opened'],
      alert: { ...FAILING_ALERT, consecutive_failures: 40 },
    });
    expect(lines).toEqual(['warn [Alerts] ⚠️ Device PIBOX-7 has failed 3 times in a row!']);
  });

  it('tells the end of one without a warning', () => {
    new LogSender(3).send(MESSAGES['alert.resolved']);
    expect(lines).toEqual(['info [Alerts] ✅ Device PIBOX-7 no longer fails: its alert is resolved.']);
  });

  it('takes one line a message', () => {
    for (const message of Object.values(MESSAGES)) new LogSender(3).send(message);
    expect(lines).toHaveLength(6);
    expect(lines.join('')).not.toContain('\n');
  });
});
