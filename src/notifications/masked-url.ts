/** The end of what is hidden, so that people can tell two channels of one host apart. */
const SHOWN_CHARACTERS = 4;
/** Of a shorter path, four characters would be too much of it. */
const SHORTEST_WITH_END = 16;

/** A URL without what may be a credential in it: Slack's path is one, others carry one in their query. */
export function maskedUrl(url: string): string {
  const { origin, pathname, search } = new URL(url);
  const hidden = pathname + search;
  if (hidden === '/') return origin;
  return `${origin}/…${hidden.length < SHORTEST_WITH_END ? '' : hidden.slice(-SHOWN_CHARACTERS)}`;
}
