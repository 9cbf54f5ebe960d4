import { readFileSync, writeFileSync } from 'node:fs';
import { createApp } from './app.setup.js';
import { Config } from './config/config.js';
import { openApiDocument } from './http/openapi.js';

/**
 * Writes the API's description to openapi.json in the working directory; with `--check` it only compares and
 * exits with 1 where the file tells something else than the code. Needs no database.
 */
const FILE = 'openapi.json';

const app = await createApp(new Config(), false);
const described = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, described);
} else {
  const difference = firstDifference(readFileSync(FILE, 'utf8'), described);
  if (difference !== undefined) {
    process.stderr.write(
      `${FILE} does not match the code.\n${difference}\nIf the API is meant to change: npm run openapi\n`,
    );
    process.exitCode = 1;
  }
}

function firstDifference(file: string, code: string): string | undefined {
  if (file === code) return undefined;
  const [inFile, inCode] = [file.split('\n'), code.split('\n')];
  const place = inCode.findIndex((line, number) => line !== inFile[number]);
  const line = place === -1 ? inCode.length : place;
  return `line ${line + 1}\n  in the file: ${inFile[line] ?? '(ends)'}\n  in the code: ${inCode[line] ?? '(ends)'}`;
}
