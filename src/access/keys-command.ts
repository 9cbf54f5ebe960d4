import { parseArgs } from 'node:util';
import { AccessKey } from '../database/access-key.repository.js';
import { DEVICE_ID, DEVICE_ID_RULE } from '../domain/device-id.js';
import { isPlainText } from '../domain/plain-text.js';
import { parseTimestamp } from '../domain/timestamp.js';
import { KeyRole } from '../generated/prisma/enums.js';
import { KeyRequest } from './access-keys.service.js';
import { COMMAND_LINE, Deed } from './audit/audit-trail.service.js';
import { KEY_ID } from './key-token.js';

export const USAGE = `Usage:
  npm run keys -- create --role ROLE --name NAME [--device ID] [--site SITE] [--expires 2027-05-04T00:00:00Z]
                         [--max-uses N] [--per-hour N]
                            make a key and print it, this once. Roles: admin, operator, viewer,
                            device (needs --device), fleet (--max-uses and --per-hour: devices to enrol)
  npm run keys -- list      every key, the newest first; never its secret
  npm run keys -- revoke ID end a key for ever`;

export type KeysCommand =
  | { readonly name: 'create'; readonly request: KeyRequest }
  | { readonly name: 'list' }
  | { readonly name: 'revoke'; readonly id: string };

/** What was typed is no command; the message says what is wrong with it. */
export class NoSuchCommand extends Error {}

/** @throws NoSuchCommand */
export function readKeysCommand(args: readonly string[]): KeysCommand {
  const [name, ...rest] = args;
  switch (name) {
    case 'create':
      return { name, request: readRequest(rest) };
    case 'list':
      if (rest.length === 0) return { name };
      break;
    case 'revoke':
      if (rest.length === 1 && KEY_ID.test(rest[0])) return { name, id: rest[0] };
      throw new NoSuchCommand('revoke takes the id of one key, the part of it between the underscores.');
  }
  throw new NoSuchCommand(
    name === undefined ? 'Say what to do.' : `There is no command like ${args.join(' ')}.`,
  );
}

function readRequest(args: string[]): KeyRequest {
  const text = { type: 'string' } as const;
  const options = {
    role: text,
    name: text,
    device: text,
    site: text,
    expires: text,
    'max-uses': text,
    'per-hour': text,
  };
  const { role, name, device, site, expires, ...numbers } = parse(args, options);
  if (!Object.hasOwn(KeyRole, role ?? ''))
    throw new NoSuchCommand(`--role must be one of ${Object.keys(KeyRole)}.`);
  if (name === undefined || !isName(name))
    throw new NoSuchCommand('--name must be a text of 1 to 200 characters.');
  if (site !== undefined && !isName(site))
    throw new NoSuchCommand('--site must be a text of 1 to 200 characters.');
  if (device !== undefined && !DEVICE_ID.test(device)) throw new NoSuchCommand(`--device ${DEVICE_ID_RULE}.`);
  const expiresAt = expires === undefined ? undefined : parseTimestamp(expires);
  if (expires !== undefined && !expiresAt)
    throw new NoSuchCommand('--expires must be an RFC 3339 time with a zone, like 2027-05-04T00:00:00Z.');
  return {
    role: role as KeyRole,
    name,
    deviceId: device,
    site,
    expiresAt,
    maxUses: wholeNumber('--max-uses', numbers['max-uses'], 1_000_000),
    newDevicesPerHour: wholeNumber('--per-hour', numbers['per-hour'], 10_000),
  };
}

function parse<Options extends Record<string, { type: 'string' }>>(
  args: string[],
  options: Options,
): { [name in keyof Options]?: string } {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values as {
      [name in keyof Options]?: string;
    };
  } catch (error) {
    throw new NoSuchCommand((error as Error).message);
  }
}

function isName(text: string): boolean {
  return text.trim() !== '' && text.length <= 200 && isPlainText(text);
}

function wholeNumber(option: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new NoSuchCommand(`${option} must be a whole number from 1 to ${most}.`);
}

/** For the audit log; as over HTTP, what was decided about the key. */
export function keyMade(key: AccessKey): Deed {
  const { id, name, role, deviceId, site, expiresAt, maxUses, newDevicesPerHour } = key;
  const details = {
    ...{ name, role, device_id: deviceId, site, expires_at: expiresAt?.toISOString() ?? null },
    ...{ max_uses: maxUses, new_devices_per_hour: newDevicesPerHour },
  };
  const given = Object.entries(details).filter(([, value]) => value !== null);
  return deed('key.created', id, Object.fromEntries(given));
}

export function keyRevoked(id: string): Deed {
  return deed('key.revoked', id, {});
}

function deed(action: Deed['action'], resourceId: string, details: Deed['details']): Deed {
  return { by: COMMAND_LINE, action, resourceId, details, requestId: null };
}

/** A table for a terminal, or for `column`: fields apart by tabs. */
export function keysTable(keys: readonly AccessKey[], now: Date): string {
  const rows = keys.map((key) => [
    key.id,
    key.role,
    stateOf(key, now),
    key.createdAt.toISOString(),
    key.lastUsedAt?.toISOString() ?? 'never used',
    key.deviceId ?? key.site ?? '-',
    key.name,
  ]);
  return [['id', 'role', 'state', 'created', 'last used', 'device or site', 'name'], ...rows]
    .map((fields) => fields.join('\t'))
    .join('\n');
}

function stateOf({ revokedAt, expiresAt }: AccessKey, now: Date): string {
  if (revokedAt) return 'revoked';
  if (!expiresAt) return 'valid';
  return expiresAt <= now ? 'expired' : `valid until ${expiresAt.toISOString()}`;
}
