import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for the data of an embedded PostgreSQL, which under root runs as another user: it may pass through. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pisync-test-'));
  chmodSync(folder, 0o711);
  return folder;
}
