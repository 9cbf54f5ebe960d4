import type { Statement } from './sent-statements.js';
import type { TestService } from './service.js';

/** A node of EXPLAIN (FORMAT JSON), as far as these tests look at it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** How PostgreSQL would answer a statement: what it scans whole, and the indexes it uses. */
interface Plan {
  readonly mode: 'custom' | 'generic';
  readonly scannedWhole: string[];
  readonly indexes: string[];
}

/** Of a few rows, whatever the size of the fleet: an index would make them no cheaper. */
const SMALL = new Set(['channels', 'service_heartbeat', 'service_outages']);

/** Each of the indexes in a custom plan, and no table scanned whole, whatever the plan. */
export async function expectFromIndexes(
  service: TestService,
  statements: readonly Statement[],
  indexes: string[],
): Promise<void> {
  expect(statements).not.toHaveLength(0);
  const plans = await plansOf(service, statements);
  expect(plans.flatMap(({ scannedWhole }) => scannedWhole)).toEqual([]);
  const used = plans.filter(({ mode }) => mode === 'custom').flatMap((plan) => plan.indexes);
  expect(used).toEqual(expect.arrayContaining(indexes));
}

/**
 * How PostgreSQL would run each statement, not running it. The service's statements are named: they are planned
 * for their values (`custom`) or once for all values (`generic`), as PostgreSQL finds cheaper; both must do.
 */
export async function plansOf({ database }: TestService, statements: readonly Statement[]): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const { text, values } of statements) {
    plans.push(planOf('custom', await database.query(`EXPLAIN (FORMAT JSON) ${text}`, values)));
    await database.query('SET plan_cache_mode = force_generic_plan');
    await database.query(`PREPARE statement AS ${text}`);
    const noValues = values.length > 0 ? `(${values.map(() => 'NULL').join(', ')})` : '';
    plans.push(planOf('generic', await database.query(`EXPLAIN (FORMAT JSON) EXECUTE statement${noValues}`)));
    await database.query('DEALLOCATE statement');
    await database.query('RESET plan_cache_mode');
  }
  return plans;
}

function planOf(mode: Plan['mode'], [row]: Record<string, unknown>[]): Plan {
  const [{ Plan: top }] = row['QUERY PLAN'] as [{ Plan: PlanNode }];
  const nodes = withAllBelow(top);
  return {
    mode,
    scannedWhole: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name'] ?? '')
      .filter((table) => !SMALL.has(table)),
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
  };
}

function withAllBelow(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(withAllBelow)];
}
