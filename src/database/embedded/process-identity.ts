import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When the process was born, as a text that differs for another process with the same number: numbers
 * come back after a reboot, and in a container the service has the same one at every start.
 *
 * @returns `undefined` if no such process runs (a zombie does not), `''` if it runs but hides its birth.
 */
export function processBirth(pid: number): string | undefined {
  if (!isRunning(pid)) return undefined;
  return process.platform === 'linux' ? birthFromProc(pid) : birthFromPs(pid);
}

/** The command line of a running process, or `''` if there is none to be read. */
export function commandLine(pid: number): string {
  if (!isRunning(pid)) return '';
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** A process of another user answers EPERM: it runs. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Fields 3 (state) and 22 (start, in ticks since boot) of proc(5); field 2 may itself hold spaces and `)`. */
function birthFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
  } catch {
    return isRunning(pid) ? '' : undefined;
  }
}

function birthFromPs(pid: number): string | undefined {
  const [state = '', ...started] = ps(pid, 'stat=,lstart=').split(/\s+/);
  return state.startsWith('Z') ? undefined : started.join(' ');
}

function ps(pid: number, fields: string): string {
  const columns = fields.split(',').flatMap((field) => ['-o', field]);
  const answer = spawnSync('ps', [...columns, '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  return (answer.stdout ?? '').trim();
}
