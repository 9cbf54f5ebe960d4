import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

/** Where browsers show something: the API's documentation. */
const PAGES = /^\/(?:$|api-docs|docs)/;

const forPages = helmet({
  contentSecurityPolicy: {
    directives: {
      // Without TLS in front, a browser would look for a page's styles and scripts behind TLS.
      upgradeInsecureRequests: null,
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
});

/**
 * What the OWASP REST Security Cheat Sheet asks of answers that no browser shows. The other headers would
 * be a tenth of the time that an answer to a device takes.
 */
const forData = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
  referrerPolicy: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/**
 * Data is for whoever asked, at this moment: browsers and proxies keep no copy. Answers to what is no read are not
 * kept anyway, and a report's need not pay for the header.
 */
export function securityHeaders(request: Request, response: Response, next: NextFunction): void {
  if (PAGES.test(request.url)) return forPages(request, response, next);
  if (request.method === 'GET') response.setHeader('Cache-Control', 'no-store');
  forData(request, response, next);
}
