import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';

/**
 * Stands in for a database where a command needs none: `migrate diff` between two schema files. The
 * engine asks every database for its version first, to know which features it may use.
 */
export class NoDatabase {
  provider = 'postgres';
  adapterName = 'no-database';

  async connect() {
    return {
      provider: this.provider,
      adapterName: this.adapterName,
      queryRaw: async ({ sql }) => (/server_version_num/.test(sql) ? OLDEST_SUPPORTED_VERSION : refuse()),
      executeRaw: refuse,
      executeScript: refuse,
      startTransaction: refuse,
      dispose: async () => undefined,
    };
  }

  connectToShadowDb() {
    return refuse();
  }

  async disposeAll() {}
}

/** The answer to: does the schema exist, the version as text, the version as a number. */
const OLDEST_SUPPORTED_VERSION = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
  rows: [[true, 'PostgreSQL 15', 150_000]],
};

async function refuse() {
  const message = 'this command needs a database: set DATABASE_URL, or start the service first';
  throw new DriverAdapterError({ kind: 'postgres', code: '08003', severity: 'ERROR', message });
}
