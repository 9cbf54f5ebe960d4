import { normalizeIp } from '@nestjs/throttler';
import type { Request } from 'express';
import { RequestRefused } from '../http/request-refused.js';
import { Limit, Taken } from './limit.js';

/** One site has a /64 of IPv6 addresses to choose from. */
const IPV6_SITE_PREFIX = 64;

/** The address that a request is counted by; IPv6 by site. */
export function addressOf({ ip }: Request): string {
  return normalizeIp(ip ?? '', IPV6_SITE_PREFIX);
}

/** A 429 that says when to come back. */
export function tooManyRequests(limit: Limit, taken: Taken): RequestRefused {
  // At least one: 0 would be an invitation to try at once.
  const seconds = Math.max(1, Math.ceil(taken.retryAfterMs / 1_000));
  return new RequestRefused('too_many_requests', `Too many requests; come back in ${seconds} s.`, {
    'Retry-After': String(seconds),
    ...rateLimitHeaders(limit, taken.left, seconds),
  });
}

/**
 * What is allowed and what is left of it.
 *
 * @param seconds until there is more
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/ whose syntax this is; later
 *   drafts kept it, those before 08 had other ones
 */
export function rateLimitHeaders(limit: Limit, left: number, seconds: number): Record<string, string> {
  return {
    'RateLimit-Policy': `"${limit.name}";q=${limit.most};w=${limit.windowMs / 1_000}`,
    RateLimit: `"${limit.name}";r=${left};t=${seconds}`,
  };
}
