import type { LoggerService } from '@nestjs/common';
import { pino, stdSerializers, type Logger, type LoggerOptions } from 'pino';
import pretty from 'pino-pretty';
import { printable, withoutSecrets } from './printable.js';
import { redacted } from './redacted.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What Nest says while it starts; of interest only when something in it goes wrong. */
const CHATTY = new Set([
  'InstanceLoader',
  'NestFactory',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

const OPTIONS: LoggerOptions = {
  base: undefined,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  serializers: { err: printableError },
  hooks: { streamWrite: withoutSecrets },
};

/** Nest's logger on pino: lines for people on a terminal, one JSON object a line otherwise. */
export class PinoLogger implements LoggerService {
  private readonly pino: Logger;

  /** @param destination where the lines go, if not to standard output */
  constructor(level: string, isTerminal = process.stdout.isTTY, destination?: NodeJS.WritableStream) {
    this.pino = pino(
      { ...OPTIONS, level },
      isTerminal ? forPeople(destination) : (destination ?? pino.destination()),
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
  private write(level: Level, message: unknown, more: unknown[]): void {
    const fields: Record<string, unknown> = { context: contextOf(more) };
    const cause = more.find((part) => part instanceof Error);
    const stack = more.find((part) => typeof part === 'string' && part.includes('\n'));
    if (cause) fields.err = cause;
    else if (stack) fields.stack = printable(stack as string, '\n');
    if (typeof message !== 'object') return this.pino[level](fields, printable(String(message)));
    const described = message instanceof Error ? { err: message } : errorAsField(message);
    const { err } = described as { err?: unknown };
    // Left to itself, pino repeats the error's own message here as it is.
    const told = { ...(redacted(described) as object), ...(err instanceof Error && { err }) };
    this.pino[level]({ ...fields, ...told }, err instanceof Error ? printable(err.message) : '');
  }
}

function forPeople(destination?: NodeJS.WritableStream): NodeJS.WritableStream {
  return pretty({
    sync: true,
    colorize: destination === undefined,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'context',
    ...(destination && { destination: destination as never }),
  });
}

function printableError(error: Error): object {
  const described = stdSerializers.err(error);
  return {
    ...(redacted(described) as object),
    message: printable(described.message, '\n'),
    stack: described.stack && printable(described.stack, '\n'),
  };
}

function contextOf(more: unknown[]): string | undefined {
  const last = more.at(-1);
  return typeof last === 'string' && !last.includes('\n') ? last : undefined;
}

/** pino writes an error out under the name `err`. */
function errorAsField(message: unknown): object {
  const { error, ...fields } = (message ?? {}) as { error?: unknown };
  return error === undefined ? fields : { ...fields, err: error };
}
