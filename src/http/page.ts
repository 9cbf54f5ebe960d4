import type { Request, Response } from 'express';

/**
 * Cuts a list, fetched one longer than asked for, to its page; if there was one more, tells the client
 * where the next page is: `Link: <...>; rel="next"` (RFC 8288), relative to the host it asked.
 *
 * @param cursorAfter makes the cursor that continues after an item
 */
export function page<Item>(
  request: Request,
  response: Response,
  items: readonly Item[],
  limit: number,
  cursorAfter: (last: Item) => string,
): readonly Item[] {
  if (items.length <= limit) return items;
  const shown = items.slice(0, limit);
  const [path, query = ''] = request.originalUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursorAfter(shown[limit - 1]));
  response.setHeader('Link', `<${path}?${parameters}>; rel="next"`);
  return shown;
}
