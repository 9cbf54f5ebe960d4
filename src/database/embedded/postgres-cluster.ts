import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { handOver, PostgresAccount } from './postgres-account.js';
import { PostgresBinaries } from './postgres-binaries.js';
import { lastLines } from './postgres-log.js';
import { SupervisedProcess } from './supervised-process.js';

/** Made beside its place and moved there when complete: an interrupted initdb leaves nothing half-made. */
export async function createClusterOnce(
  home: string,
  account: PostgresAccount,
  binaries: PostgresBinaries,
  owner: { name: string; passwordFile: string },
  log: number,
): Promise<void> {
  for (const name of readdirSync(home)) {
    // An initdb that outlives its killed starter by a moment may still be writing there: hence the retries.
    if (!name.startsWith('data.new-')) continue;
    rmSync(join(home, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  const data = join(home, 'data');
  if (statSync(join(data, 'PG_VERSION'), { throwIfNoEntry: false })) return;

  const unfinished = join(home, `data.new-${process.pid}-${Date.now()}`);
  mkdirSync(unfinished);
  handOver(unfinished, account, 0o700);
  const initdb = SupervisedProcess.start(account, log, binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${owner.name}`,
    `--pwfile=${owner.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Bytes for order, Unicode for upper and lower case: the same on every system, whatever its locales.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]);
  if ((await initdb.end()) !== 0) {
    throw new Error(`PostgreSQL could not make its data folder.\n${lastLines(home)}`);
  }
  renameSync(unfinished, data);
  // The move itself must survive a power failure, or the next start would take the data for a leftover.
  const folder = openSync(home, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
