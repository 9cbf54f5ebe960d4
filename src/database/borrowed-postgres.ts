import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DataFolderInUse } from './embedded/data-folder-lock.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** The embedded PostgreSQL for the time of one command. */
export interface BorrowedPostgres {
  readonly url: string;
  /** Stops it again, unless it is the running service's. */
  release(): Promise<void>;
}

/**
 * The embedded PostgreSQL of a data folder: that of the service where it runs, else one that is started.
 *
 * @throws Error, in words for the person at the terminal
 */
export async function borrowPostgres(dataDir: string): Promise<BorrowedPostgres> {
  try {
    const postgres = await EmbeddedPostgres.start(dataDir);
    return { url: postgres.url, release: () => postgres.stop() };
  } catch (error) {
    const urlFile = resolve(dataDir, 'postgres', 'url');
    if (!(error instanceof DataFolderInUse) || !existsSync(urlFile)) throw error;
    return { url: readFileSync(urlFile, 'utf8').trim(), release: () => Promise.resolve() };
  }
}
