import { FuzzedRequest } from './openapi-requests.js';

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Lines of stacks and names of files tell a stranger how the service is built. */
const INSIDES = /node_modules|\bat \S+ \(|\.(?:js|ts):\d+|Prisma|SQLSTATE/;

/**
 * @param request undefined where its bytes were changed
 * @param isBare whether an error may come without a body
 * @returns what is wrong with an answer; undefined where nothing is
 */
export function flawOf(
  answer: FuzzAnswer,
  request: FuzzedRequest | undefined,
  isBare: boolean,
): string | undefined {
  const { status, headers, body } = answer;
  if (status >= 500) return `status ${status}`;
  if (request?.statuses && !request.statuses.has(status)) {
    return `status ${status}, which openapi.json does not list: ${[...request.statuses].join(', ')}`;
  }
  const type = String(headers['content-type'] ?? '');
  if (status >= 400 && !isBare) {
    if (!type.startsWith('application/problem+json')) return `an error ${status} of type ${type}`;
    const problem = parsed(body) as { status?: unknown; type?: unknown } | undefined;
    if (problem?.status !== status) return `a problem without its status`;
    if (!/^urn:pisync:problem:[a-z-]+$/.test(String(problem.type))) return `a problem without a type`;
    if (INSIDES.test(body)) return `an error that tells of the insides`;
  } else if (/[/+]json\b/.test(type) && body !== '' && parsed(body) === undefined) {
    return `a body that is not JSON`;
  }
  if (request && headers['x-request-id'] === undefined) return 'no request id';
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
