import { ConfigError } from './config/load-config.js';

/** EX_CONFIG of sysexits.h: starting again without a change of the configuration is of no use. */
const EXIT_CONFIGURATION = 78;
const EXIT_FAILURE = 1;

/** Why the service cannot start, in words for the person at the terminal: what is wrong, and what to do. */
export class StartFailure extends Error {}

/** What a failed start prints, and the exit code it ends with. */
export interface StartFailureReport {
  readonly text: string;
  readonly exitCode: number;
}

/** @param error whatever the start was stopped by; one that nobody foresaw is told with its stack */
export function reportStartFailure(error: unknown): StartFailureReport {
  if (error instanceof ConfigError) {
    const lines = error.problems.map((problem) => `PiSync cannot start: ${problem}`);
    return { text: lines.join('\n'), exitCode: EXIT_CONFIGURATION };
  }
  const foreseen = error instanceof StartFailure ? error.message : portFailure(error);
  const unforeseen = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `PiSync cannot start: ${foreseen ?? unforeseen}`, exitCode: EXIT_FAILURE };
}

function portFailure(error: unknown): string | undefined {
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (syscall !== 'listen') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${address} is in use. Stop what listens there, or choose another one with PORT.`;
    case 'EACCES':
      return `port ${port} of ${address} needs more rights than this user has. Choose one above 1023 with PORT.`;
    default:
      return `it cannot listen on ${address} (${code}). HOST must be an address of this machine.`;
  }
}
