import type { Config } from '../config/config.js';

/**
 * Where people who get a message read on.
 *
 * @param path within the service, for example `/api/alerts/41`
 */
export function publicLink({ publicUrl, port }: Pick<Config, 'publicUrl' | 'port'>, path: string): string {
  return (publicUrl ?? `http://localhost:${port}`).replace(/\/+$/, '') + path;
}
