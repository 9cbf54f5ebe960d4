import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { canKeepFilesIn, handOver, PostgresAccount } from './postgres-account.js';

/** Root's shelf for data and programs that PostgreSQL's account could not reach in the project. */
const SYSTEM_SHELF = '/var/lib/pisync';

/**
 * Where the data of `folder` lives: in the folder itself, or, if PostgreSQL's account cannot keep files
 * there (it lies under /root, or on a shared disk that knows no owners), in a folder of its own under
 * /var/lib/pisync (root) or ~/.local/share/pisync. The file `location` in `folder` then says where, so
 * that a project that is moved finds its data again.
 */
export function postgresHome(folder: string, account: PostgresAccount): string {
  makePassable(folder, mkdirSync(folder, { recursive: true }));
  const locationFile = join(folder, 'location');
  if (existsSync(locationFile)) return prepared(readFileSync(locationFile, 'utf8').trim());
  if (existsSync(join(folder, 'data')) || canKeepFilesIn(folder, account)) return folder;

  const home = join(shelf(), createHash('sha256').update(folder).digest('hex').slice(0, 16));
  prepared(home);
  if (!canKeepFilesIn(home, account)) {
    throw new Error(
      `PostgreSQL can keep its data neither in ${folder} nor in ${home}. Choose another folder with ` +
        'DATA_DIR, or set DATABASE_URL to a server of your own.',
    );
  }
  writePrivately(locationFile, `${home}\n`);
  return home;
}

export function shelf(): string {
  return process.getuid?.() === 0 ? SYSTEM_SHELF : join(homedir(), '.local', 'share', 'pisync');
}

/** The database owner's password: made once, readable by its owner and PostgreSQL's account only. */
export function passwordIn(home: string, account: PostgresAccount): { file: string; password: string } {
  const file = join(home, 'password');
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  const password = known || randomBytes(24).toString('hex');
  if (!known) writePrivately(file, `${password}\n`);
  handOver(file, account, 0o600);
  return { file, password };
}

/** Complete or not at all, and never readable by others, whatever stood there before. */
export function writePrivately(file: string, content: string): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content, { mode: 0o600, flush: true });
  renameSync(unfinished, file);
}

function prepared(home: string): string {
  makePassable(home, mkdirSync(home, { recursive: true }));
  return home;
}

/** PostgreSQL's account passes through the folders we make, whatever the umask; what it finds there it may not read. */
function makePassable(folder: string, topmostMade: string | undefined): void {
  if (topmostMade === undefined) return;
  for (let made = folder; made.length >= topmostMade.length; made = dirname(made)) chmodSync(made, 0o711);
}
