import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Server } from 'node:http';
import { ExpressHttpAdapter } from './http/express-http.adapter.js';
import { HealthService } from './health/health.service.js';

/** Longer than any honest answer takes; whoever is not done by then is cut off. */
const DEADLINE_MS = 10_000;

/** A connection becomes idle when its last answer is out, and only an idle one may be closed. */
const IDLE_CHECK_MS = 50;

/** A connection that was just opened may have its first request under way. */
const SILENCE_MS = 1_000;

/**
 * Takes no new connection, answers every request that has arrived, and closes the application, its
 * database connections last: an answer that is still to come needs them.
 */
export async function stopGracefully(app: NestExpressApplication, deadlineMs = DEADLINE_MS): Promise<void> {
  app.get(HealthService).drain();
  const adapter = app.getHttpAdapter() as ExpressHttpAdapter;
  adapter.closeConnectionsAfterAnswers();
  const server = app.getHttpServer() as Server;
  const closed = new Promise((resolve) => server.close(resolve));
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const silent = setTimeout(() => adapter.closeSilentConnections(), SILENCE_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(silent);
  clearTimeout(deadline);
  await app.close();
}
