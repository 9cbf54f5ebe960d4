/**
 * npm run bench:ingest [-- --rounds 5 --seconds 6 --connections 128]
 *
 * Single posts: this service beside the ordinary Express + pg design (ordinary-express.mjs), on one PostgreSQL, in
 * turns, so that whatever else the machine does hits both. What counts is the ratio, the median of the rounds. Every
 * acknowledged event is looked for in the database at the end.
 */
import autocannon from 'autocannon';
import { parseArgs } from 'node:util';
import { startServices } from './services.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '128' },
    devices: { type: 'string', default: '100000' },
  },
});

/** Prepared for each connection beforehand, so that the load costs little of the cores it shares with what it measures. */
const REQUESTS_OF_A_CONNECTION = 100;
const FAILING_SHARE = 0.1;

function report() {
  const hasFailed = Math.random() < FAILING_SHARE;
  return {
    method: 'POST',
    path: '/api/sync-event',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      device_id: `PIBOX-${Math.floor(Math.random() * Number(values.devices))}`,
      timestamp: new Date().toISOString(),
      total_files_synced: hasFailed ? 0 : 12,
      total_errors: hasFailed ? 1 : 0,
      internet_speed: 4.5,
    }),
  };
}

async function load(service, seconds) {
  const result = await autocannon({
    url: service.url,
    connections: Number(values.connections),
    duration: seconds,
    setupClient: (client) => client.setRequests(Array.from({ length: REQUESTS_OF_A_CONNECTION }, report)),
  });
  service.acknowledged += result['2xx'];
  return {
    perSecond: result['2xx'] / result.duration,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
  };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const services = await startServices(['ours', 'ordinary']);
try {
  for (const service of services) await load(service, 3);
  const rounds = [];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const results = {};
    for (const service of services) results[service.name] = await load(service, Number(values.seconds));
    rounds.push(results);
    const line = services.map(({ name }) => {
      const { perSecond, p99, refused } = results[name];
      return `${name} ${perSecond.toFixed(0)}/s, p99 ${p99} ms${refused ? `, ${refused} refused` : ''}`;
    });
    console.log(
      `round ${round}: ${line.join(' | ')} | ratio ${(results.ours.perSecond / results.ordinary.perSecond).toFixed(1)}`,
    );
  }
  const ratio = median(rounds.map(({ ours, ordinary }) => ours.perSecond / ordinary.perSecond));
  const p99 = median(rounds.map(({ ours, ordinary }) => ours.p99 / ordinary.p99));
  console.log(
    `\nmedian of ${rounds.length}: ${ratio.toFixed(1)} times the ordinary design's requests a second, ${p99.toFixed(2)} times its p99`,
  );
  for (const service of services) {
    const stored = await service.storedEvents();
    // Of the requests under way when a round ended, some were stored without the load having seen the answer.
    console.log(`${service.name}: ${service.acknowledged} acknowledged, ${stored} stored`);
    if (stored < service.acknowledged) process.exitCode = 1;
  }
} finally {
  await Promise.all(services.map((service) => service.stop()));
  await services.stopDatabase();
}
