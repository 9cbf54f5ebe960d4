import { asked, DatabaseUnavailable, WriteConflict, WriteRefused } from './database-error.js';

/** As Prisma wraps what the adapter made of an error of PostgreSQL. */
const fromPostgres = (originalCode: string): Error =>
  Object.assign(new Error('Raw query failed.'), {
    code: 'P2010',
    meta: { driverAdapterError: { cause: { originalCode, kind: 'postgres' } } },
  });

const outcomeOf = async (error: unknown): Promise<unknown> => {
  try {
    return await asked(async () => {
      throw error;
    });
  } catch (translated) {
    return translated;
  }
};

describe('An error of the database', () => {
  it.each(['08006', '53300', '53100', '57P01', '57P03', '57014', '25006'])(
    'with SQLSTATE %s means that it is away',
    async (sqlState) => {
      expect(await outcomeOf(fromPostgres(sqlState))).toBeInstanceOf(DatabaseUnavailable);
    },
  );

  it.each(['40001', '40P01', '55P03'])(
    'with SQLSTATE %s means that another write was let through',
    async (sqlState) => {
      expect(await outcomeOf(fromPostgres(sqlState))).toBeInstanceOf(WriteConflict);
    },
  );

  it('of a transaction that took too long means that it is away', async () => {
    const error = Object.assign(new Error('Transaction API error: Transaction not found.'), {
      code: 'P2028',
    });
    expect(await outcomeOf(error)).toBeInstanceOf(DatabaseUnavailable);
  });

  it.each(['22021', '22P02', '23514', '23505', 'P0001'])(
    'with SQLSTATE %s means that the values are refused',
    async (sqlState) => {
      expect(await outcomeOf(fromPostgres(sqlState))).toBeInstanceOf(WriteRefused);
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Query read timeout',
  ])('that only says "%s" means that it is away', async (message) => {
    expect(await outcomeOf(new Error(message))).toBeInstanceOf(DatabaseUnavailable);
  });

  it('that is a mistake of ours stays what it is', async () => {
    const mistake = new TypeError('rows is not iterable');
    expect(await outcomeOf(mistake)).toBe(mistake);
    const unknownColumn = fromPostgres('42703');
    expect(await outcomeOf(unknownColumn)).toBe(unknownColumn);
  });
});
