import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * helmet's headers, asked for once: they are the same for every answer, and making them anew took a tenth of
 * the time of a request that stores an event.
 */
export function securityHeaders(): (request: Request, response: Response, next: NextFunction) => void {
  const headers = Object.entries(helmetsHeaders());
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

function helmetsHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  const addHeaders = helmet({
    contentSecurityPolicy: {
      directives: {
        // Without TLS in front, a browser would look for this page's styles and scripts behind TLS.
        upgradeInsecureRequests: null,
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
  });
  addHeaders({} as IncomingMessage, recorder as unknown as ServerResponse, (error?: unknown) => {
    if (error) throw error as Error;
  });
  return headers;
}
