import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { Express } from 'express';
import type { Server } from 'node:http';
import { authenticateFirst } from './access/authenticate-first.middleware.js';
import { Authenticator } from './access/authenticator.js';
import { AppModule } from './app.module.js';
import { Config } from './config/config.js';
import { Clock } from './domain/clock.js';
import { admission } from './http/admission.middleware.js';
import { EventLoopDelay } from './http/event-loop-delay.js';
import { ExpressHttpAdapter } from './http/express-http.adapter.js';
import { jsonBody } from './http/json-body.middleware.js';
import { openApiDocument } from './http/openapi.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestId } from './http/request-id.middleware.js';
import { securityHeaders } from './http/security-headers.middleware.js';
import { stripApiPrefix } from './http/strip-api-prefix.middleware.js';
import { uploadBody } from './http/upload-body.middleware.js';
import { WireValidationPipe } from './http/wire-validation.pipe.js';
import { SyncEventRecorder } from './sync-events/sync-event.recorder.js';

/** Makes the application that the service and its end-to-end tests share; it neither listens nor connects yet. */
export async function createApp(
  config: Config,
  logger?: LoggerService | false,
): Promise<NestExpressApplication> {
  const adapter = new ExpressHttpAdapter(config.headersTimeoutSeconds * 1_000);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), adapter, {
    bodyParser: false,
    logger,
    // What goes wrong is the caller's to tell, in one line.
    abortOnError: false,
  });
  const recorder = app.get(SyncEventRecorder);
  const clock = app.get(Clock);
  const eventLoop = new EventLoopDelay();
  (app.getHttpServer() as Server).once('close', () => eventLoop.stop());

  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.use(requestId);
  app.use(stripApiPrefix);
  app.use(securityHeaders);
  if (config.corsOrigins.length > 0) app.enableCors({ origin: config.corsOrigins });
  app.use(
    admission({
      isQueueFull: () => recorder.isFull,
      delayMs: () => eventLoop.milliseconds,
      mostDelayMs: config.eventLoopDelayLimitMs,
      mostUnderWay: config.requestsUnderWayLimit,
    }),
  );
  app.use(authenticateFirst(app.get(Authenticator)));
  app.use(uploadBody(() => clock.now()));
  app.use(jsonBody(config.bodyTimeoutSeconds * 1_000));

  app.useGlobalFilters(new ProblemFilter(adapter));
  app.useGlobalPipes(new WireValidationPipe());

  if (config.apiDocs) serveDocumentation(app);
  return app;
}

function serveDocumentation(app: NestExpressApplication): void {
  const document = openApiDocument(app);
  for (const path of ['api-docs', 'docs']) {
    SwaggerModule.setup(path, app, document, {
      customSiteTitle: 'PiSync Backend: API',
      jsonDocumentUrl: 'openapi.json',
      yamlDocumentUrl: 'openapi.yaml',
    });
  }
  (app.getHttpAdapter().getInstance() as Express).get('/', (_request, response) =>
    response.redirect('/api-docs'),
  );
}
