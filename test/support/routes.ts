import { readFileSync } from 'node:fs';

/** What openapi.json says of an operation, as far as tests ask. */
export interface Operation {
  readonly 'x-roles'?: readonly string[];
  readonly 'x-audit'?: string;
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly $ref?: string } }>;
  };
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, { readonly properties?: object }> };
}

// From the file: only what was built knows the fields of the bodies. `npm run check` holds that it matches the code,
// and test/roles.e2e-spec.ts that the running service has these routes and no other.
const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;

/** Every operation of the service by its method and path, like `GET /api/devices/{device_id}`. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  ),
);

/** The fields of a JSON body, by their wire names; none where it takes no body. */
export function fieldsOf({ requestBody }: Operation): string[] {
  const name = requestBody?.content['application/json'].schema.$ref?.split('/').at(-1) ?? '';
  return Object.keys(document.components.schemas[name]?.properties ?? {});
}
