import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { createHash } from 'node:crypto';
import { Config } from '../config/config.js';
import { PrismaClient } from '../generated/prisma/client.js';

/** Longer than the slowest honest query; the only limit that fires when a link is half open. */
const QUERY_TIMEOUT_MS = 8_000;

/** Prisma on one pool of connections. Only repositories use it. */
@Injectable()
export class PrismaService extends PrismaClient implements OnModuleDestroy {
  constructor(config: Config) {
    super({
      adapter: new PrismaPg(
        {
          connectionString: config.databaseUrl,
          max: config.databasePoolSize,
          // Without it a request waits for a free connection for ever.
          connectionTimeoutMillis: 2_000,
          idleTimeoutMillis: 30_000,
          maxLifetimeSeconds: 1_800,
          keepAlive: true,
          query_timeout: QUERY_TIMEOUT_MS,
          statement_timeout: QUERY_TIMEOUT_MS,
          lock_timeout: 5_000,
          idle_in_transaction_session_timeout: 10_000,
          application_name: 'pisync',
          // The adapter writes times without a zone.
          options: '-c timezone=UTC',
        },
        { statementNameGenerator: ({ sql }) => statementName(sql) },
      ),
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.$disconnect();
  }
}

const namesBySql = new Map<string, string>();

/** Named statements are parsed and planned once a connection. The texts are few: each repository's own. */
function statementName(sql: string): string {
  let name = namesBySql.get(sql);
  if (name === undefined) {
    name = createHash('sha256').update(sql).digest('base64url').slice(0, 32);
    namesBySql.set(sql, name);
  }
  return name;
}
