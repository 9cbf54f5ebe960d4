import { Logger } from '@nestjs/common';
import { AccessKeysService } from './access/access-keys.service.js';
import { AuditTrailService } from './access/audit/audit-trail.service.js';
import { KeyCache } from './access/key-cache.js';
import {
  keyMade,
  keyRevoked,
  KeysCommand,
  keysTable,
  NoSuchCommand,
  readKeysCommand,
  USAGE,
} from './access/keys-command.js';
import { Config } from './config/config.js';
import { loadConfig, readEnvFile } from './config/load-config.js';
import { AccessKeyRepository } from './database/access-key.repository.js';
import { AuditRepository } from './database/audit.repository.js';
import { borrowPostgres } from './database/borrowed-postgres.js';
import { deployMigrations } from './database/migrations.js';
import { PrismaService } from './database/prisma.service.js';
import { Clock } from './domain/clock.js';
import { DomainError } from './domain/domain-error.js';
import { prepareOwnDatabase } from './prepare-database.js';
import { reportStartFailure } from './start-failure.js';

/**
 * `node dist/keys.js create | list | revoke`: makes, lists and revokes access keys, in the database of
 * DATABASE_URL or the embedded one, whether the service runs or not. A key goes to standard output, alone, so
 * that it can be piped; what is said about it to standard error.
 */
const USAGE_EXIT = 2;

/** Keys read at once for the list. */
const PAGE = 1_000;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  // What the service would log, this command says in its own words.
  Logger.overrideLogger(false);
  let release: (() => Promise<void>) | undefined;
  try {
    const command = readKeysCommand(args);
    readEnvFile();
    const config = loadConfig();
    if (config.databaseUrl === undefined) {
      const postgres = await borrowPostgres(config.dataDir);
      release = () => postgres.release();
      await deployMigrations(postgres.url);
      config.databaseUrl = postgres.url;
    } else {
      await prepareOwnDatabase(config.databaseUrl, config.migrateOnStart);
    }
    await run(command, config);
    return 0;
  } catch (error) {
    if (error instanceof NoSuchCommand) {
      say(`${error.message}\n\n${USAGE}`);
      return USAGE_EXIT;
    }
    if (error instanceof DomainError) {
      say(error.message);
      return 1;
    }
    const { text, exitCode } = reportStartFailure(error);
    say(text);
    return exitCode;
  } finally {
    await release?.();
  }
}

async function run(command: KeysCommand, config: Config): Promise<void> {
  const clock = new Clock();
  const prisma = new PrismaService(config);
  const repository = new AccessKeyRepository(prisma);
  const keys = new AccessKeysService(repository, new KeyCache(repository, config), clock);
  const trail = new AuditTrailService(new AuditRepository(prisma), clock);
  try {
    switch (command.name) {
      case 'create': {
        const { secret, key } = await keys.create(command.request, null);
        await trail.record(keyMade(key));
        process.stdout.write(`${secret}\n`);
        say(`That is key ${key.id} (${key.role}). It is shown this once: keep it where it is needed.`);
        break;
      }
      case 'list':
        await list(keys, clock);
        break;
      case 'revoke':
        await keys.revoke(command.id, null);
        await trail.record(keyRevoked(command.id));
        say(`Key ${command.id} is revoked; within 30 seconds no replica takes it any longer.`);
        break;
    }
  } finally {
    await prisma.$disconnect();
  }
}

async function list(keys: AccessKeysService, clock: Clock): Promise<void> {
  let page = await keys.list({ limit: PAGE });
  process.stdout.write(`${keysTable(page, clock.now())}\n`);
  while (page.length === PAGE) {
    page = await keys.list({ limit: PAGE, before: page.at(-1) });
    const [, ...rows] = keysTable(page, clock.now()).split('\n');
    for (const row of rows) process.stdout.write(`${row}\n`);
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
