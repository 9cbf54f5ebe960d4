import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { identity, PostgresAccount } from './postgres-account.js';

/**
 * Runs a command and interrupts it (for PostgreSQL: a fast shutdown, which saves everything) as soon as
 * standard input ends. The other end of that pipe is held by the service alone, so it ends when the
 * service closes it and just as well when the service is killed: no server is left behind for ever.
 */
const SUPERVISE = `
exec 3<&0 </dev/null
"$@" 3<&- &
command=$!
{ read -r line <&3; kill -INT "$command"; } 2>/dev/null &
watch=$!
exec 3<&-
wait "$command"
status=$?
kill "$watch" 2>/dev/null
exit "$status"
`;

/** A fast shutdown ends with a checkpoint, which may take this long on a slow memory card. */
const PATIENCE_MS = 30_000;

/** A command that lives at most as long as this process. */
export class SupervisedProcess {
  private readonly exited: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    this.exited = once(child, 'exit');
    this.exited.catch(() => undefined);
    // Writing the end of input to a process that is gone already is no failure.
    child.stdin?.on('error', () => undefined);
  }

  /** @param log file descriptor that takes what the command prints. */
  static start(
    account: PostgresAccount,
    log: number,
    command: string,
    args: readonly string[],
  ): SupervisedProcess {
    const child = spawn('/bin/sh', ['-c', SUPERVISE, 'pisync-postgres', command, ...args], {
      ...identity(account),
      // A process group of its own: Ctrl-C in the terminal reaches the service, which then stops this.
      detached: true,
      // Not the current folder, which the account may not be allowed to enter.
      cwd: '/',
      // Nothing of the caller's PG* variables; on macOS PostgreSQL refuses to start without a locale.
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', log, log],
    });
    return new SupervisedProcess(child);
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Lets this process end without waiting for the command, which then ends too. */
  unref(): void {
    this.child.unref();
    (this.child.stdin as Socket | null)?.unref();
  }

  /** @returns the exit code, or `null` if a signal ended it. @throws if it could not be started. */
  async end(): Promise<number | null> {
    if (!this.hasExited) await this.exited;
    return this.child.exitCode;
  }

  /** Resolves when the command has ended; after 30 seconds the hard way, which PostgreSQL recovers from. */
  async interrupt(): Promise<void> {
    if (this.hasExited) return;
    this.child.ref();
    this.child.stdin?.end();
    const timeout = new AbortController();
    const late = delay(PATIENCE_MS, 'late', { signal: timeout.signal }).catch(() => undefined);
    const outcome = await Promise.race([this.exited, late]);
    timeout.abort();
    if (outcome !== 'late' || this.child.pid === undefined) return;
    process.kill(-this.child.pid, 'SIGQUIT');
    await this.exited;
  }
}
