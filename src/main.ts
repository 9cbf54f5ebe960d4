import { once } from 'node:events';
import type { Server } from 'node:http';
import { AddressInfo, isIP } from 'node:net';
import { createApp } from './app.setup.js';
import type { Config } from './config/config.js';
import { loadConfig, readEnvFile } from './config/load-config.js';
import { stopGracefully } from './graceful-stop.js';
import { PinoLogger } from './logging/logger.js';
import { prepareDatabase } from './prepare-database.js';
import { reportStartFailure } from './start-failure.js';

/** A terminal, npm and a supervisor may each pass the same Ctrl-C on; they do so within this. */
const SAME_SIGNAL_MS = 1_000;

/** Draining, an embedded PostgreSQL's last checkpoint and all; a stop that takes longer hangs. */
const STOP_WITHIN_MS = 45_000;

/** Addresses under which a browser on this machine finds the service as localhost. */
const LOCAL = new Set(['127.0.0.1', '0.0.0.0', '::1', '::']);

try {
  await start();
} catch (error) {
  const { text, exitCode } = reportStartFailure(error);
  process.stderr.write(`${text}\n`);
  process.exit(exitCode);
}

async function start(): Promise<void> {
  readEnvFile();
  const config = loadConfig();
  const logger = new PinoLogger(config.logLevel);
  const postgres = await prepareDatabase(config);
  try {
    const app = await createApp(config, logger);
    await app.init();
    const server = (app.getHttpServer() as Server).listen(config.port, config.host);
    // Nest's own listen() would log a port in use a second time.
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    introduce(config, port, postgres?.folder, logger);
    stopOnSignals(logger, async () => {
      await stopGracefully(app);
      await postgres?.stop();
    });
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}

function introduce(config: Config, port: number, folder: string | undefined, logger: PinoLogger): void {
  const host = isIP(config.host) === 6 ? `[${config.host}]` : config.host;
  const url = `http://${LOCAL.has(config.host) ? 'localhost' : host}:${port}`;
  logger.log(`PiSync listens on ${url}/api (${config.nodeEnv})`);
  if (config.authMode === 'off') {
    logger.log('Nobody is asked for a key (AUTH_MODE=off): only programs on this machine reach the service.');
  }
  if (config.apiDocs) logger.log(`Documentation, to read and to try out: ${url}/api-docs`);
  if (folder === undefined) {
    logger.log('The data is in the database of DATABASE_URL.');
  } else {
    logger.log(`The data is in ${folder} (embedded PostgreSQL).`);
    logger.log('To use your own: DATABASE_URL=postgresql://user@host:5432/database MIGRATE_ON_START=true');
  }
}

function stopOnSignals(logger: PinoLogger, stop: () => Promise<void>): void {
  let stoppingSince: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      logger.log(`${signal}: finishing what has been accepted. Once more stops at once.`);
      void finish();
    } else if (performance.now() - stoppingSince > SAME_SIGNAL_MS) {
      logger.warn(`${signal} again: stopped at once.`);
      process.exit(1);
    }
  };
  const finish = async (): Promise<void> => {
    setTimeout(() => {
      logger.error('The stop hangs and is given up.');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    try {
      await stop();
      logger.log('Stopped.');
      process.exit(0);
    } catch (error) {
      logger.error('The stop failed', error);
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
