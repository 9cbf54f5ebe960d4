import { Answer, send } from './device.js';

/** One page of a list: its status, its items, and the URL of the next page where there is one. */
export interface Page<Item> extends Answer<Item[]> {
  readonly next?: string;
}

export async function firstPage<Item = Record<string, unknown>>(
  url: string,
  headers?: Record<string, string>,
): Promise<Page<Item>> {
  const answer = await send<Item[]>(url, { headers });
  const [, next] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
  return { ...answer, next: next && new URL(next, url).href };
}

/**
 * Follows the `Link` headers to the end.
 *
 * @param betweenPages runs after each page but the last
 */
export async function everyPage<Item = Record<string, unknown>>(
  url: string,
  betweenPages?: () => Promise<unknown>,
  headers?: Record<string, string>,
): Promise<Item[][]> {
  const pages: Item[][] = [];
  const seen = new Set<string>();
  for (let next: string | undefined = url; next;) {
    if (seen.has(next)) throw new Error(`${next} leads back to itself`);
    seen.add(next);
    const page: Page<Item> = await firstPage<Item>(next, headers);
    if (page.status !== 200) throw new Error(`${next} answered ${page.status}: ${JSON.stringify(page.body)}`);
    pages.push(page.body);
    next = page.next;
    if (next) await betweenPages?.();
  }
  return pages;
}
