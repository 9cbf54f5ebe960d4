import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** What a command said on both of its outputs, and how it ended. */
export interface CliAnswer {
  readonly exitCode: number | null;
  readonly output: string;
}

/** `npx prisma <command>` on this database, or without any (`undefined`). */
export function prisma(databaseUrl: string | undefined, ...command: string[]): Promise<CliAnswer> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // Empty counts as unset, and keeps .env from setting it.
    DATABASE_URL: databaseUrl ?? '',
    // Where no embedded PostgreSQL is, else it would be found.
    DATA_DIR: 'no-such-folder',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    NO_COLOR: '1',
  };
  const child = spawn(process.execPath, ['node_modules/prisma/build/index.js', ...command], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(output).toString() }));
  });
}
