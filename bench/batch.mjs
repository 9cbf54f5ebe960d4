/**
 * npm run bench:batch [-- --rounds 5 --seconds 4 --devices 100000]
 *
 * What an event costs in an upload of 1,000, beside what it costs alone, in turns on one service and one PostgreSQL:
 *
 * - a device's way: one connection that sends 1,000 events one by one, or in one upload;
 * - the fleet's way: as many single posts as 128 connections get through, or uploads over 8. Single posts that arrive
 *   together are written together, so here the service's own work is compared, not its waiting.
 *
 * What counts are the ratios, medians of the rounds. At the end every acknowledged event is looked for.
 */
import autocannon from 'autocannon';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { singlePosts } from './load.mjs';
import { startServices } from './services.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    devices: { type: 'string', default: '100000' },
  },
});
const [rounds, seconds, devices] = [values.rounds, values.seconds, values.devices].map(Number);
const EVENTS = 1_000;
const UPLOADS_PREPARED = 20;
const HOUR_MS = 3_600_000;

// Nobody is turned away for asking too often: what is measured is the work.
process.env.DEVICE_REQUESTS_PER_MINUTE = '1000000';
process.env.DEVICE_EVENTS_PER_HOUR = '100000000';
const services = await startServices(['ours']);
const [service] = services;
let acknowledged = 0;
try {
  const ways = {
    'one device, one by one': () => oneByOne(),
    'one device, uploads': () => inTurn({ gzip: false }),
    'one device, uploads in gzip': () => inTurn({ gzip: true }),
    'fleet, single posts': () => fleetAlone(),
    'fleet, uploads': () => fleetUploads(),
  };
  const results = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(ways)) {
      const perSecond = await measure();
      // The first round warms up.
      if (round > 0) results[name].push(perSecond);
    }
  }
  console.log(`Node ${process.version}, events a second, median of ${rounds} rounds:`);
  for (const [name, speeds] of Object.entries(results))
    console.log(`  ${name}: ${median(speeds).toFixed(0)}`);
  const ratio = (fast, slow) => median(results[fast].map((speed, round) => speed / results[slow][round]));
  const device = ratio('one device, uploads', 'one device, one by one');
  const fleet = ratio('fleet, uploads', 'fleet, single posts');
  console.log(`An event in an upload costs one device 1/${device.toFixed(1)} of what it costs alone,`);
  console.log(`and the service under full load 1/${fleet.toFixed(1)}.`);
  const stored = await service.storedEvents();
  console.log(`${acknowledged} acknowledged, ${stored} stored`);
  if (stored < acknowledged) process.exitCode = 1;
} finally {
  await Promise.all(services.map((each) => each.stop()));
  await services.stopDatabase();
}

async function oneByOne() {
  const bodies = events().map((event) => JSON.stringify(event));
  return perSecond(bodies.length, async (agent) => {
    for (const body of bodies) await post(agent, '/api/sync-event', body, {});
  });
}

async function inTurn({ gzip }) {
  const bodies = Array.from({ length: UPLOADS_PREPARED }, () => {
    const json = JSON.stringify(events());
    return gzip ? gzipSync(json) : json;
  });
  const headers = gzip ? { 'content-encoding': 'gzip' } : {};
  return perSecond(bodies.length * EVENTS, async (agent) => {
    for (const body of bodies) await post(agent, '/api/sync-events', body, headers);
  });
}

async function fleetAlone() {
  const result = await singlePosts(service.url, { connections: 128, seconds, devices });
  acknowledged += result.acknowledged;
  return result.perSecond;
}

async function fleetUploads() {
  // As in the single posts, without event ids: prepared uploads may be sent again, and are new events then.
  const anUpload = () => ({
    method: 'POST',
    path: '/api/sync-events',
    headers: { 'content-type': 'application/json', prefer: 'return=minimal' },
    body: JSON.stringify(events({ named: false })),
  });
  const result = await autocannon({
    url: service.url,
    connections: 8,
    duration: seconds,
    setupClient: (client) => client.setRequests(Array.from({ length: UPLOADS_PREPARED }, anUpload)),
  });
  acknowledged += result['2xx'] * EVENTS;
  return (result['2xx'] * EVENTS) / result.duration;
}

async function perSecond(count, send) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const start = performance.now();
  await send(agent);
  agent.destroy();
  acknowledged += count;
  return count / ((performance.now() - start) / 1_000);
}

function post(agent, path, body, headers) {
  return new Promise((resolve, reject) => {
    const sent = request(service.url + path, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    sent.on('response', (answer) => {
      answer.resume();
      const isStored = answer.statusCode === 200 || answer.statusCode === 201;
      answer.on('end', () => (isStored ? resolve() : reject(new Error(`${path}: ${answer.statusCode}`))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What a device has gathered: as many events as fit into one upload, a tenth of them failed. */
function events({ named = true } = {}) {
  const device = Math.floor(Math.random() * devices);
  const start = Date.UTC(2026, 4, 4) - EVENTS * HOUR_MS;
  return Array.from({ length: EVENTS }, (_, number) => {
    const hasFailed = Math.random() < 0.1;
    return {
      device_id: `PIBOX-${device}`,
      ...(named && { event_id: randomUUID() }),
      timestamp: new Date(start + number * HOUR_MS).toISOString(),
      total_files_synced: hasFailed ? 0 : 12,
      total_errors: hasFailed ? 1 : 0,
      internet_speed: 4.5,
    };
  });
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
