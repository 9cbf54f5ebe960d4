import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { mutated, nastyJson, nastyText } from './nasty.js';
import { Random } from './random.js';

interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  example?: unknown;
  minimum?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
}

interface DocumentedOperation {
  parameters?: { in: string; name: string; required?: boolean; example?: unknown; schema: Schema }[];
  requestBody?: {
    content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }>;
  };
  responses: Record<string, { content?: Record<string, unknown> }>;
  'x-roles'?: string[];
}

/** An operation of openapi.json. */
export interface Operation extends DocumentedOperation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

export interface FuzzedRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
  /** Undefined: method or path were changed, so that any status below 500 will do. */
  readonly statuses: ReadonlySet<number> | undefined;
}

const CONTENT_TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/plain',
  'application/json; charset=utf-16',
  '',
  '/',
];
const CODINGS = ['gzip', 'br', 'zstd', 'deflate', 'identity', 'klingon', 'gzip, gzip'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** Requests as openapi.json describes them, most of them with something wrong. */
export class OpenApiRequests {
  private readonly schemas: Record<string, Schema>;
  readonly operations: readonly Operation[];

  /** @param credentials headers of a key, by its role */
  constructor(
    private readonly random: Random,
    private readonly credentials: Readonly<Record<string, Record<string, string>>>,
  ) {
    const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
      paths: Record<string, Record<string, DocumentedOperation>>;
      components: { schemas: Record<string, Schema> };
    };
    this.schemas = document.components.schemas;
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([verb, operation]) => {
        const method = verb.toUpperCase();
        return { ...operation, name: `${method} ${path}`, method, path };
      }),
    );
  }

  next(): FuzzedRequest {
    const { random } = this;
    const operation = random.pick(this.operations);
    const isMoved = random.isLucky(0.05);
    const method = random.isLucky(0.03) ? random.pick(METHODS) : operation.method;
    const path = this.pathOf(operation) + this.queryOf(operation);
    const [body, headers] = this.bodyOf(operation);
    const isAsDocumented = !isMoved && method === operation.method;
    return {
      ...{ operation, method, body },
      path: isMoved ? moved(random, path) : path,
      headers: { ...headers, ...this.headersFor(operation) },
      statuses: isAsDocumented ? new Set(Object.keys(operation.responses).map(Number)) : undefined,
    };
  }

  private pathOf({ path, parameters = [] }: Operation): string {
    return path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
      const isNumber = this.resolve(parameter?.schema ?? {}).type !== 'string';
      const usual = isNumber ? String(1 + this.random.int(20)) : `PIBOX-${this.random.int(20)}`;
      // An empty one, or one of dots, makes another path of it.
      const chosen = this.random.isLucky(0.75) ? usual : nastyText(this.random);
      return encodeURIComponent(/^\.{0,2}$/.test(chosen) ? usual : chosen.toWellFormed());
    });
  }

  private queryOf({ parameters = [] }: Operation): string {
    const query = new URLSearchParams();
    for (const { in: place, name, schema, required } of parameters) {
      if (place !== 'query' || !(required || this.random.isLucky(0.3))) continue;
      const value = this.random.isLucky(0.6) ? this.valueOf(schema) : nastyText(this.random);
      query.append(name, typeof value === 'string' ? value : JSON.stringify(value));
      if (this.random.isLucky(0.05)) query.append(name, nastyText(this.random));
    }
    if (this.random.isLucky(0.05)) query.append(nastyText(this.random), nastyText(this.random));
    const text = query.toString();
    return text === '' ? '' : `?${text}`;
  }

  private bodyOf({ requestBody, method }: Operation): [Buffer | undefined, Record<string, string>] {
    const { random } = this;
    if (!requestBody) {
      if (method === 'GET' || random.isLucky(0.7)) return [undefined, {}];
      return [Buffer.from(nastyJson(random)), { 'content-type': random.pick(CONTENT_TYPES) }];
    }
    if (random.isLucky(0.02)) return [undefined, {}];
    const [documentedType, { schema }] = random.pick(Object.entries(requestBody.content));
    const type = random.isLucky(0.95) ? documentedType : random.pick(CONTENT_TYPES);
    let body = Buffer.from(this.jsonOf(schema));
    if (random.isLucky(0.1)) body = mutated(random, body) as Buffer<ArrayBuffer>;
    const headers: Record<string, string> = { 'content-type': type };
    if (random.isLucky(0.1)) {
      headers['content-encoding'] = random.pick(CODINGS);
      if (random.isLucky(0.8)) body = gzipSync(body);
      if (random.isLucky(0.2)) body = mutated(random, body) as Buffer<ArrayBuffer>;
    }
    return [body, headers];
  }

  private headersFor({ 'x-roles': roles = [] }: Operation): Record<string, string> {
    const { random } = this;
    const known = roles.filter((role) => this.credentials[role]);
    const role =
      known.length > 0 && random.isLucky(0.9)
        ? random.pick(known)
        : random.pick(Object.keys(this.credentials));
    const headers: Record<string, string> = random.isLucky(0.97) ? { ...this.credentials[role] } : {};
    const nasty = (name: string, probability: number): void => {
      if (random.isLucky(probability))
        headers[name] = Buffer.from(nastyText(random)).toString('hex').slice(0, 200);
    };
    if (random.isLucky(0.1))
      headers.accept = random.pick(['text/csv', 'application/x-ndjson', '*/*', 'image/png', ';q=', '']);
    if (random.isLucky(0.05))
      headers.prefer = random.pick(['return=minimal', 'return', '=,;', 'return="minimal"']);
    if (random.isLucky(0.02)) headers.origin = random.pick(['null', 'https://evil.example', 'x']);
    nasty('x-request-id', 0.05);
    nasty('authorization', 0.01);
    nasty('x-api-key', 0.01);
    nasty('x-forwarded-for', 0.02);
    nasty('x-http-method-override', 0.02);
    nasty('cookie', 0.02);
    return headers;
  }

  /** The JSON text of a value for a schema, in which something may be wrong at any depth. */
  private jsonOf(schema: Schema): string {
    const { random } = this;
    if (random.isLucky(0.06)) return nastyJson(random);
    const { type, properties, items, oneOf } = this.resolve(schema);
    if (oneOf) return this.jsonOf(random.pick(oneOf));
    if (type === 'array' || items) {
      return `[${Array.from({ length: random.int(4) }, () => this.jsonOf(items ?? {})).join(',')}]`;
    }
    if (!properties) return JSON.stringify(this.valueOf(schema));
    const fields = Object.entries(properties)
      .filter(() => random.isLucky(0.9))
      .map(([name, field]) => `${JSON.stringify(name)}:${this.jsonOf(field)}`);
    if (random.isLucky(0.05)) fields.push(`${JSON.stringify(nastyText(random))}:${nastyJson(random)}`);
    if (random.isLucky(0.02)) fields.push(`"__proto__":${nastyJson(random)}`);
    return `{${fields.join(',')}}`;
  }

  private valueOf(schema: Schema): unknown {
    const { type, enum: choices, example, minimum = 0 } = this.resolve(schema);
    if (choices) return this.random.pick(choices);
    if (type === 'integer' || type === 'number') return minimum + this.random.int(5);
    if (type === 'boolean') return this.random.isLucky(0.5);
    if (typeof example === 'string' && example.startsWith('PIBOX')) return `PIBOX-${this.random.int(20)}`;
    return example ?? `text-${this.random.int(100)}`;
  }

  private resolve(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1);
    if (name) return this.resolve(this.schemas[name]);
    return schema.allOf ? { ...schema, ...this.resolve(schema.allOf[0]) } : schema;
  }
}

/** A path near the one that is meant: some of it cut, doubled or put in, in characters that a path may have. */
function moved(random: Random, path: string): string {
  const place = 1 + random.int(path.length);
  const piece = random.pick([
    '',
    '/',
    '//',
    '%00',
    '%2f',
    '..%2f',
    '/../',
    ';',
    '?',
    '&',
    '=',
    '%',
    '%zz',
    '[]',
    'é',
    '.',
  ]);
  return path.slice(0, place) + encodeURI(piece).replaceAll('%25', '%') + path.slice(place + random.int(4));
}
