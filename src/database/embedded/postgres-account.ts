import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Who runs PostgreSQL. It refuses to run as root, so under root it is an ordinary account. */
export interface PostgresAccount {
  readonly uid: number;
  readonly gid: number;
  /** The service runs as another user (root), so what PostgreSQL needs must be handed over to it. */
  readonly foreign: boolean;
}

/** In this order; `_postgres` is the one macOS brings. The last one is made when none exists. */
const ACCOUNT_NAMES = ['postgres', '_postgres', 'pisync'];

/** @throws Error if the service runs as root on a system where no account exists or can be made. */
export function postgresAccount(data: string): PostgresAccount {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? -1, foreign: false };

  // A cluster made earlier without root keeps its owner: PostgreSQL insists on owning its files.
  const owner = statSync(data, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, foreign: true };

  const existing = ACCOUNT_NAMES.map(accountNamed).find((account) => account !== undefined);
  if (existing) return existing;
  makeAccount('pisync');
  const made = accountNamed('pisync');
  if (made) return made;
  throw new Error(
    'PostgreSQL refuses to run as root, and no ordinary account for it could be made. ' +
      'Make one named "postgres", start this as an ordinary user, or set DATABASE_URL to a server of your own.',
  );
}

/**
 * Whether the account can keep a private folder inside `folder`: reach it (a project under /root it
 * cannot), own files there (some network and shared folders know no owners) and write.
 */
export function canKeepFilesIn(folder: string, account: PostgresAccount): boolean {
  const probe = join(folder, `probe-${process.pid}`);
  try {
    mkdirSync(probe, { recursive: true });
    handOver(probe, account, 0o700);
    const { uid, mode } = statSync(probe);
    return uid === account.uid && (mode & 0o777) === 0o700 && runs(account, 'test', '-w', `${probe}/.`);
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** Runs a command to its end under the account and tells whether it succeeded. */
export function runs(account: PostgresAccount, command: string, ...args: string[]): boolean {
  // Not from the current folder, which the account may not be allowed to enter.
  return spawnSync(command, args, { ...identity(account), cwd: '/', stdio: 'ignore' }).status === 0;
}

/** The part of spawn options that switches to the account. Needs root when the account is foreign. */
export function identity(account: PostgresAccount): { uid?: number; gid?: number } {
  return account.foreign ? { uid: account.uid, gid: account.gid } : {};
}

export function handOver(path: string, account: PostgresAccount, mode: number): void {
  if (account.foreign) chownSync(path, account.uid, account.gid);
  chmodSync(path, mode);
}

function accountNamed(name: string): PostgresAccount | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : 0;
  });
  return uid && gid ? { uid, gid, foreign: true } : undefined;
}

/** `useradd` is common on Linux, `adduser` stands in for it in BusyBox. */
function makeAccount(name: string): void {
  const made = spawnSync('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/bin/false',
    name,
  ]);
  if (made.status !== 0) spawnSync('adduser', ['-S', '-D', '-H', '-s', '/bin/false', name]);
}
