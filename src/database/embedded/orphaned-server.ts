import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine } from './process-identity.js';

/**
 * How long a server whose owner was killed gets for each way of stopping: it has been told to when its
 * owner died; then it is told again; then it is made to, which costs a crash recovery but no data.
 */
const STEPS = [
  { signal: undefined, patienceMs: 10_000 },
  { signal: 'SIGINT', patienceMs: 20_000 },
  { signal: 'SIGQUIT', patienceMs: 10_000 },
] as const;

/**
 * Leaves the cluster without a server, whatever a killed service left there. Only for the holder of the
 * folder's lock: it knows that the server's owner is gone.
 *
 * @throws Error if a server runs on and on.
 */
export async function stopOrphan(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  const pid = firstLine(pidFile);
  if (pid === undefined) return;
  for (const { signal, patienceMs } of STEPS) {
    if (signal && isServerOf(data, pid)) process.kill(pid, signal);
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
      if (!isServerOf(data, pid)) return removeIfMisleading(pidFile, pid);
      await delay(20);
    }
  }
  throw new Error(`The PostgreSQL server ${pid} of an earlier run does not stop; it holds ${data}.`);
}

/** The number alone proves nothing: after a reboot it may be anyone's. */
function isServerOf(data: string, pid: number): boolean {
  return commandLine(pid).includes(`-D ${data} `);
}

/**
 * PostgreSQL itself removes the file of a dead server, after making sure that none of its processes
 * is left. But if the number now belongs to another program it would refuse to start for ever.
 */
function removeIfMisleading(pidFile: string, pid: number): void {
  if (commandLine(pid) !== '') rmSync(pidFile, { force: true });
}

function firstLine(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
