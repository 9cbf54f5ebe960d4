import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** What Nest says while it starts; of interest only when something in it goes wrong. */
const CHATTY = new Set([
  'InstanceLoader',
  'NestFactory',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Never written out, wherever in an object they stand. */
const SECRETS = [
  'authorization',
  'cookie',
  'password',
  'databaseUrl',
  '*.authorization',
  '*.cookie',
  '*.password',
];

/** Nest's logger on pino: lines for people on a terminal, one JSON object a line otherwise. */
export class PinoLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(level: string, isTerminal = process.stdout.isTTY) {
    this.pino = pino(
      { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, redact: SECRETS },
      isTerminal
        ? pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'context', messageFormat: '{msg}' })
        : undefined,
    );
  }

  log(message: unknown, ...more: unknown[]): void {
    const context = contextOf(more);
    this.write(context !== undefined && CHATTY.has(context) ? 'debug' : 'info', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.write('warn', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.write('fatal', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.write('trace', message, more);
  }

  /** Nest passes the context last, and before it an error or a stack. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    more: unknown[],
  ): void {
    const fields: Record<string, unknown> = { context: contextOf(more) };
    const cause = more.find((part) => part instanceof Error);
    const stack = more.slice(0, -1).find((part) => typeof part === 'string' && part.includes('\n'));
    if (cause) fields.err = cause;
    else if (stack) fields.stack = stack;
    if (typeof message === 'string') this.pino[level](fields, message);
    else if (message instanceof Error) this.pino[level]({ ...fields, err: message }, message.message);
    else this.pino[level]({ ...fields, ...errorAsField(message) });
  }
}

function contextOf(more: unknown[]): string | undefined {
  const last = more.at(-1);
  return typeof last === 'string' && !last.includes('\n') ? last : undefined;
}

/** pino writes an error out under the name `err`. */
function errorAsField(message: unknown): object {
  const { error, ...fields } = message as { error?: unknown };
  return error === undefined ? fields : { ...fields, err: error };
}
