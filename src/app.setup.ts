import { LoggerService, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { ValidationError } from 'class-validator';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { Config } from './config/config.js';
import { FieldError, ValidationFailed } from './domain/domain-error.js';
import { FastExpressAdapter } from './http/fast-express.adapter.js';
import { openApiDocument } from './http/openapi.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestId } from './http/request-id.middleware.js';
import { JSON_TYPES, requireJson } from './http/require-json.middleware.js';
import { stripApiPrefix } from './http/strip-api-prefix.middleware.js';
import { turnAwayWhenFull } from './http/turn-away-when-full.middleware.js';
import { SyncEventRecorder } from './sync-events/sync-event.recorder.js';

/** One report is under 3 kB; a larger body is a mistake or an attack. */
const LARGEST_BODY = '100kb';

/** Makes the application that the service and its end-to-end tests share; it neither listens nor connects yet. */
export async function createApp(
  config: Config,
  logger?: LoggerService | false,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.with(config),
    new FastExpressAdapter(),
    {
      bodyParser: false,
      logger,
    },
  );
  const recorder = app.get(SyncEventRecorder);

  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.use(requestId);
  app.use(stripApiPrefix);
  app.use(
    helmet({
      contentSecurityPolicy: {
        // Without TLS in front, a browser would look for the styles and scripts of this page behind TLS.
        directives: { upgradeInsecureRequests: null },
      },
    }),
  );
  if (config.corsOrigins.length > 0) app.enableCors({ origin: config.corsOrigins });
  app.use(turnAwayWhenFull(() => recorder.isFull));
  app.use(requireJson);
  app.use(express.json({ limit: LARGEST_BODY, type: JSON_TYPES }));

  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: (errors) => new ValidationFailed(fieldErrors(errors)),
    }),
  );

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
  return app;
}

/** class-validator's texts begin with the field's name; on the wire it stands beside them. */
function fieldErrors(errors: readonly ValidationError[]): FieldError[] {
  return errors.flatMap(({ property, constraints }) =>
    Object.values(constraints ?? {}).map((text) => ({
      field: property,
      message: text.replace(`${property} `, '').replace(`property ${property}`, 'this field').trim(),
    })),
  );
}
