import { BlockList, isIP } from 'node:net';
import type { Config } from './config.js';

/** Passwords that everybody tries first; `password` stands in .env.example. */
const KNOWN_PASSWORDS = new Set([
  'password',
  'postgres',
  'postgresql',
  'pisync',
  'admin',
  'root',
  'secret',
  'example',
  'changeme',
  'change-me',
  'test',
  '123456',
]);

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only programs on this machine reach the address. A name other than localhost may lead anywhere. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** Whether somebody else than the person at this machine can reach the service. */
export function isExposed({ nodeEnv, host }: Pick<Config, 'nodeEnv' | 'host'>): boolean {
  return nodeEnv === 'production' || !isLoopback(host);
}

/** What is well-formed and would still do harm, one line each, by the variable; no value is repeated. */
export function unsafeSettings(config: Config): string[] {
  const problems: string[] = [];
  const isProduction = config.nodeEnv === 'production';
  if (isProduction && config.databaseUrl === undefined) {
    problems.push('DATABASE_URL is required in production: the embedded PostgreSQL is for trying things out');
  }
  if (isProduction && KNOWN_PASSWORDS.has(passwordIn(config.databaseUrl).toLowerCase())) {
    problems.push('DATABASE_URL has a password that everybody tries first; give the database one of its own');
  }
  if (config.authMode === 'off' && isExposed(config)) {
    const where = isProduction ? 'in production' : 'while HOST is not a loopback address';
    problems.push(
      `AUTH_MODE must be on ${where}: without keys, whoever reaches the service may do everything`,
    );
  }
  return problems;
}

function passwordIn(databaseUrl: string | undefined): string {
  if (databaseUrl === undefined || !URL.canParse(databaseUrl)) return '';
  const { password } = new URL(databaseUrl);
  try {
    return decodeURIComponent(password);
  } catch {
    // A stray percent sign: not one of the known ones.
    return '';
  }
}
