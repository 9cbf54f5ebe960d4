/** Rows kept at most: a fleet of the largest size this is built for, about 40 MB. Beyond it the oldest go. */
const MOST_ROWS = 100_000;

interface Known<Row> {
  readonly row: Row;
  /** On the clock of `performance.now()`, which nobody sets. */
  readonly until: number;
}

interface LookUp<Row> {
  readonly ids: Set<string>;
  readonly found: Promise<Map<string, Row>>;
}

/**
 * Rows of the last seconds, by their ids: a request that needs one of them asks nobody. What is changed lives on
 * in other replicas for that long at most. Rows that are asked for at the same moment are looked up in one query,
 * so that a fleet whose devices each come once an hour costs few of them. What is not there is not kept: it would
 * push out what is.
 */
export class RecentLookUps<Row extends { readonly id: string }> {
  private readonly known = new Map<string, Known<Row>>();
  private gathering?: LookUp<Row>;

  constructor(
    private readonly fetch: (ids: string[]) => Promise<Row[]>,
    private readonly seconds: number,
  ) {}

  /** A promise only where the database has to be asked. @throws DatabaseUnavailable */
  find(id: string): Row | undefined | Promise<Row | undefined> {
    const known = this.known.get(id);
    if (known && performance.now() < known.until) return known.row;
    return this.lookUp(id);
  }

  /** After a change by this process, which shall count at once here. */
  forget(id: string): void {
    this.known.delete(id);
  }

  private async lookUp(id: string): Promise<Row | undefined> {
    this.gathering ??= this.startLookUp();
    const { ids, found } = this.gathering;
    ids.add(id);
    return (await found).get(id);
  }

  /** Asks after the requests that this turn of the event loop has read have added theirs. */
  private startLookUp(): LookUp<Row> {
    const ids = new Set<string>();
    const found = new Promise<Map<string, Row>>((resolve, reject) => {
      setImmediate(() => {
        this.gathering = undefined;
        this.load([...ids]).then(resolve, reject);
      });
    });
    return { ids, found };
  }

  private async load(ids: string[]): Promise<Map<string, Row>> {
    // From before the question: what is revoked while the answer is on its way counts from then on.
    const until = performance.now() + this.seconds * 1_000;
    const found = new Map((await this.fetch(ids)).map((row) => [row.id, row]));
    for (const id of ids) this.known.delete(id);
    for (const [id, row] of found) this.known.set(id, { row, until });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_ROWS) break;
      this.known.delete(oldest);
    }
    return found;
  }
}
