import { readFileSync, writeFileSync } from 'node:fs';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/load-config.js';
import { openApiDocument } from './http/openapi.js';

/**
 * Writes the API's description to openapi.json in the working directory; with `--check` it only compares and
 * exits with 1 where the file tells something else than the code. Needs no database.
 */
const FILE = 'openapi.json';

const app = await createApp(loadConfig({}), false);
const described = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, described);
} else if (readFileSync(FILE, 'utf8') !== described) {
  process.stderr.write(
    `${FILE} does not match the code. If the change of the API is meant: npm run openapi\n`,
  );
  process.exitCode = 1;
}
