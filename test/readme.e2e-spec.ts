import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { SpawnedService, spawnService } from './support/service.js';
import { TestDatabase } from './support/test-database.js';

/** Times by the server's clock differ each time. */
const BY_THE_CLOCK = ['received_at', 'opened_at', 'last_contact_at'];

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');
const calls = [...readme.matchAll(/```sh\n(curl [\s\S]*?)```\n\n```json\n([\s\S]*?)```/g)].map(
  ([, command, answer]) => ({
    command,
    answer: JSON.parse(answer) as unknown,
  }),
);

describe('The calls in the README', () => {
  let database: TestDatabase;
  let service: SpawnedService;

  beforeAll(async () => {
    database = await TestDatabase.create();
    service = await spawnService(database.url);
  });

  afterAll(async () => {
    await service.kill();
    await database.drop();
  });

  it('are three', () => {
    expect(calls).toHaveLength(3);
  });

  it('give the answers that stand beneath them, and print the alert once', async () => {
    const [report, ...reads] = calls;
    expect(await answerTo(report.command)).toEqual(withoutClock(report.answer));
    for (const again of ['second', 'third', 'fourth'])
      expect({ again, ...(await answerTo(report.command)) }).toMatchObject({ failed: true });
    for (const { command, answer } of reads) expect(await answerTo(command)).toEqual(withoutClock(answer));
    const alerts = service.lines.filter((line) =>
      line.includes('⚠️ Device PIBOX-7 has failed 3 times in a row!'),
    );
    expect(alerts).toHaveLength(1);
  });

  async function answerTo(command: string): Promise<object> {
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      command.replace('http://localhost:3000', service.url),
    ]);
    return withoutClock(JSON.parse(stdout));
  }
});

function withoutClock(answer: unknown): object {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => (BY_THE_CLOCK.includes(key) ? 'by the clock' : value)),
  ) as object;
}
