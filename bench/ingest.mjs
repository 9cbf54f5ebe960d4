/**
 * npm run bench:ingest [-- --rounds 5 --seconds 6 --connections 128 --devices 100000]
 *
 * Single posts: this service beside the ordinary Express + pg design (ordinary-express.mjs), on one PostgreSQL, in
 * turns, so that whatever else the machine does hits both. What counts is the ratio, the median of the rounds. Every
 * acknowledged event is looked for in the database at the end.
 */
import { parseArgs } from 'node:util';
import { LOAD_TOOL, singlePosts } from './load.mjs';
import { startServices } from './services.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '128' },
    devices: { type: 'string', default: '100000' },
  },
});
const options = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const WARM_UP_SECONDS = 3;

const services = await startServices(['ours', 'ordinary']);
try {
  for (const service of services) await load(service, WARM_UP_SECONDS);
  const rounds = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const results = {};
    for (const service of services) results[service.name] = await load(service, options.seconds);
    rounds.push(results);
    console.log(`round ${round}: ${describe('ours', results)} | ${describe('ordinary', results)}`);
  }
  const speed = median(rounds.map(({ ours, ordinary }) => ours.perSecond / ordinary.perSecond));
  const p99 = median(rounds.map(({ ours, ordinary }) => ours.p99 / ordinary.p99));
  console.log(`\nNode ${process.version}, load from ${LOAD_TOOL}, median of ${rounds.length} rounds:`);
  console.log(
    `${speed.toFixed(1)} times the requests a second of the ordinary design, ${p99.toFixed(2)} times its p99`,
  );
  await countStored();
} finally {
  await Promise.all(services.map((service) => service.stop()));
  await services.stopDatabase();
}

async function load(service, seconds) {
  const result = await singlePosts(service.url, { ...options, seconds });
  service.acknowledged += result.acknowledged;
  return result;
}

/** Of the requests under way when a round ended some were stored without an answer; never the other way round. */
async function countStored() {
  for (const { name, acknowledged, storedEvents } of services) {
    const stored = await storedEvents();
    console.log(`${name}: ${acknowledged} acknowledged, ${stored} stored`);
    if (stored < acknowledged) process.exitCode = 1;
  }
}

function describe(name, results) {
  const { perSecond, p99, refused } = results[name];
  return `${name} ${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(0)} ms${refused ? `, ${refused} refused` : ''}`;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
