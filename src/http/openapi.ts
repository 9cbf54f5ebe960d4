import { INestApplication } from '@nestjs/common';
import { DocumentBuilder, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { describedProblem, DocumentedStatus } from './api-problems.decorator.js';
import { SESSION_COOKIE } from '../access/sessions/session-cookie.js';

/** Paths that have no `/api` in front: what people and balancers type by hand. */
const OUTSIDE_THE_API = ['/health'];

const DESCRIPTION = `Devices report every sync attempt; the service keeps each report, shows a device's history, finds
the devices that keep failing and raises one alert when a device fails three times in a row.

Every path answers with and without \`/api\` in front. Errors are \`application/problem+json\` (RFC 9457); their \`type\`
is stable. Lists continue at the \`Link\` header's \`rel="next"\`.`;

/** The API's description, made from the controllers and their DTOs. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('PiSync Backend')
      .setDescription(DESCRIPTION)
      .setVersion('1')
      .setLicense('MIT', 'https://opensource.org/license/mit')
      .addServer('/')
      .addBearerAuth({ type: 'http', description: 'An access key, `psk_...`.' }, 'bearer')
      .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'apiKey')
      .addCookieAuth(SESSION_COOKIE, { type: 'apiKey' }, 'session')
      .build(),
    { operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}` },
  );
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [documentedPath(path), operations]),
  );
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations as Record<string, Described>)) {
      splitSummary(operation);
      nameRoles(operation);
      if (!OUTSIDE_THE_API.some((outside) => path.startsWith(outside))) addSharedProblems(method, operation);
    }
  }
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  return document;
}

interface Described {
  summary?: string;
  description?: string;
  security?: object[];
  responses: Record<string, object>;
  'x-roles'?: string[];
}

/** The plugin takes a method's whole comment for the summary, which is meant to fit on a line. */
function splitSummary(operation: Described): void {
  const [summary, ...paragraphs] = operation.summary?.split('\n\n') ?? [];
  if (paragraphs.length === 0) return;
  operation.summary = summary.replaceAll('\n', ' ');
  operation.description ||= paragraphs.join('\n\n');
}

/** Says who may use an operation, in words and in a way that Swagger UI knows. */
function nameRoles(operation: Described): void {
  const roles = operation['x-roles'] ?? [];
  if (roles.includes('everybody')) {
    operation.security = [];
    return;
  }
  operation.security = [{ bearer: [] }, { apiKey: [] }];
  if (roles.includes('admin')) operation.security.push({ session: [] });
  operation.description = [operation.description, `For keys of the roles: ${roles.join(', ')}.`]
    .filter(Boolean)
    .join('\n\n');
}

/**
 * What the service answers before an operation is asked: to too many requests, and to bodies, which are read
 * even where an operation has no use for one.
 */
function addSharedProblems(method: string, operation: Described): void {
  const statuses: DocumentedStatus[] = ['post', 'patch', 'put'].includes(method)
    ? [400, 408, 413, 415, 429, 503]
    : [429, 503];
  for (const status of statuses) operation.responses[status] ??= describedProblem(status);
}

function documentedPath(path: string): string {
  return OUTSIDE_THE_API.some((outside) => path.startsWith(outside)) ? path : `/api${path}`;
}

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'An error (RFC 9457).',
  required: ['type', 'title', 'status'],
  properties: {
    type: {
      type: 'string',
      description: 'Stable name of the kind of error.',
      example: 'urn:pisync:problem:validation-failed',
    },
    title: { type: 'string', example: 'Bad Request' },
    status: { type: 'integer', example: 400 },
    detail: { type: 'string', description: 'For people; may change.' },
    request_id: { type: 'string', description: 'Names the request in the log of the service.' },
    errors: {
      type: 'array',
      description: 'Of a validation: what is wrong with which field.',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};
