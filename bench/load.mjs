import autocannon from 'autocannon';
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Prepared for each connection beforehand, so that the load costs little of the cores it shares with what it measures. */
const REQUESTS_OF_A_CONNECTION = 100;
const FAILING_SHARE = 0.1;
const WRK_SCRIPT = fileURLToPath(new URL('single-posts.lua', import.meta.url));

/**
 * What sends the load: wrk where it is installed (its cost is a tenth of autocannon's, which on two cores comes out
 * of the faster service's pocket), else autocannon.
 */
export const LOAD_TOOL = hasWrk() ? 'wrk' : 'autocannon';

/**
 * Posts single events of random devices, a tenth of them failed, as fast as they are answered.
 *
 * @returns answers a second, their 99th percentile in milliseconds, acknowledged and refused requests
 */
export function singlePosts(url, options) {
  return LOAD_TOOL === 'wrk' ? withWrk(url, options) : withAutocannon(url, options);
}

async function withWrk(url, { connections, seconds, devices }) {
  const { stdout } = await promisify(execFile)(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', WRK_SCRIPT, url],
    { env: { ...process.env, DEVICES: String(devices), FAILING_SHARE: String(FAILING_SHARE) } },
  );
  const result = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{')));
  return {
    perSecond: (result.requests - result.refused) / (result.microseconds / 1e6),
    p99: result.p99 / 1_000,
    acknowledged: result.requests - result.refused,
    refused: result.refused,
  };
}

async function withAutocannon(url, { connections, seconds, devices }) {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    setupClient: (client) =>
      client.setRequests(Array.from({ length: REQUESTS_OF_A_CONNECTION }, () => report(devices))),
  });
  return {
    perSecond: result['2xx'] / result.duration,
    p99: result.latency.p99,
    acknowledged: result['2xx'],
    refused: result.non2xx + result.errors,
  };
}

function report(devices) {
  const hasFailed = Math.random() < FAILING_SHARE;
  return {
    method: 'POST',
    path: '/api/sync-event',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      device_id: `PIBOX-${Math.floor(Math.random() * devices)}`,
      timestamp: '2026-05-04T10:30:00Z',
      total_files_synced: hasFailed ? 0 : 12,
      total_errors: hasFailed ? 1 : 0,
      internet_speed: 4.5,
    }),
  };
}

function hasWrk() {
  try {
    execFileSync('sh', ['-c', 'command -v wrk'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
