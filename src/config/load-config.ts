import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { existsSync } from 'node:fs';
import { Config } from './config.js';
import { isExposed, unsafeSettings } from './unsafe-settings.js';

/** Says everything that is wrong with the environment at once, without repeating any value of it. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** Settings in a `.env` file of the working directory count where the environment has none. */
export function readEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/**
 * @param environment an empty variable counts as one that is not set
 * @throws ConfigError with one line a problem
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const settings: Record<string, string> = {};
  for (const [setting, variable] of variables()) {
    const value = environment[variable];
    if (value !== undefined && value !== '') settings[setting] = value;
  }
  const config = plainToInstance(Config, settings, { exposeDefaultValues: true });
  const problems = validateSync(config).map(
    (error) =>
      `${variableOf(error.property)} ${Object.values(error.constraints ?? {})
        .map((text) => withoutName(text, error.property))
        .join(' and ')}`,
  );
  if (settings.authMode === undefined && isExposed(config)) config.authMode = 'on';
  problems.push(...unsafeSettings(config));
  if (settings.apiDocs === undefined) config.apiDocs = config.nodeEnv !== 'production';
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Every setting with the variable it comes from. */
export function variables(): [setting: string, variable: string][] {
  return ['databaseUrl', 'publicUrl', 'smtpUrl', ...Object.keys(new Config())]
    .filter((setting, place, all) => all.indexOf(setting) === place)
    .map((setting) => [setting, variableOf(setting)]);
}

function variableOf(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** class-validator begins its texts with the property's name. */
function withoutName(text: string, property: string): string {
  return text.replace(`${property} `, '');
}
