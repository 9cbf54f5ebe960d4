import type { Prisma } from '../generated/prisma/client.js';

/**
 * Whether this transaction is the only one, of all replicas, at this work; until it ends. It does not wait for its
 * turn. Only saves work: what is swept stays right if two do it at once.
 */
export async function runsAlone(transaction: Prisma.TransactionClient, work: string): Promise<boolean> {
  const [{ alone }] = await transaction.$queryRaw<{ alone: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${`pisync:${work}`}, 0)) AS alone`;
  return alone;
}
