import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processBirth } from './process-identity.js';

/** Another running service keeps its data in this folder. Two of them on one folder would lose data. */
export class DataFolderInUse extends Error {
  constructor(
    readonly folder: string,
    /** The process that holds the folder. */
    readonly pid: number,
  ) {
    super(
      `The data folder ${folder} is in use by process ${pid}. Stop that one first, or give this one ` +
        'a folder of its own with DATA_DIR (and a PORT of its own).',
    );
    this.name = 'DataFolderInUse';
  }
}

interface Owner {
  readonly pid: number;
  /** See processBirth(). */
  readonly birth: string;
}

/**
 * One running process per folder, by a file that names it. A killed owner leaves the file behind: it
 * counts only while the very process it names still runs. Should two starts take over the same dead
 * owner's file in the same instant, PostgreSQL's own lock on its data refuses the second.
 */
export class DataFolderLock {
  private constructor(
    private readonly file: string,
    private readonly content: string,
  ) {}

  /** @throws DataFolderInUse */
  static take(folder: string): DataFolderLock {
    const file = join(folder, 'owner.json');
    const owner: Owner = { pid: process.pid, birth: processBirth(process.pid) ?? '' };
    const content = JSON.stringify(owner);
    for (;;) {
      try {
        writeFileSync(file, content, { flag: 'wx', mode: 0o644 });
        return new DataFolderLock(file, content);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      removeIfOwnerIsGone(folder, file);
    }
  }

  release(): void {
    if (contentOf(this.file) === this.content) rmSync(this.file, { force: true });
  }
}

function removeIfOwnerIsGone(folder: string, file: string): void {
  const judged = contentOf(file);
  if (judged === undefined) return;
  const living = livingOwner(judged);
  if (living) throw new DataFolderInUse(folder, living);

  // Moved aside first: a plain delete could hit the file of a start that was faster by a moment.
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = contentOf(aside) ?? '';
  const winner = taken === judged ? undefined : livingOwner(taken);
  if (winner) {
    renameSync(aside, file);
    throw new DataFolderInUse(folder, winner);
  }
  rmSync(aside, { force: true });
}

function livingOwner(content: string): number | undefined {
  try {
    const { pid, birth } = JSON.parse(content) as Owner;
    const now = processBirth(pid);
    return now !== undefined && (now === birth || now === '' || birth === '') ? pid : undefined;
  } catch {
    return undefined; // Cut off by a power failure: whoever wrote it is gone.
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
