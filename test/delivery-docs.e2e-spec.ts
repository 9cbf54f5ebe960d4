import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import ts from 'typescript';
import { webhookPayload } from '../src/notifications/delivery/webhook-payload.js';
import { newWebhookSecret } from '../src/notifications/delivery/webhook-signature.js';
import { MESSAGES } from '../src/notifications/message.examples.js';
import { aDelivery, LOCAL, SECRET, webhookTo } from './support/delivery.js';
import { needs } from './support/needs.js';

const page = readFileSync('docs/webhooks.md', 'utf8');
const schema = JSON.parse(readFileSync('docs/webhook-payload.schema.json', 'utf8'));

function example(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n([^]*?)\`\`\`$`, 'm').exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/webhooks.md has no example in ${language}`);
  return code;
}

describe('The schema of a webhook', () => {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
  formats.default(ajv);
  const isValid = ajv.compile(schema);

  it.each(Object.values(MESSAGES))('holds for $type', (message) => {
    isValid(JSON.parse(JSON.stringify(webhookPayload(message))));
    expect(isValid.errors).toBeNull();
  });

  it('names every field, and no other', () => {
    const { alert, digest } = schema.$defs;
    expect(Object.keys(alert.properties)).toEqual(Object.keys(MESSAGES['alert.opened'].alert));
    expect(alert.required).toEqual(Object.keys(alert.properties));
    expect(Object.keys(digest.properties)).toEqual(Object.keys(MESSAGES['alert.digest'].digest));
    expect(Object.keys(digest.properties.groups.items.properties)).toEqual(
      Object.keys(MESSAGES['alert.digest'].digest.groups[0]),
    );
  });

  it.each([
    ['another type', { type: 'alert.closed' }],
    ['no time', { timestamp: 'yesterday' }],
    ['no alert', { data: { link: 'https://pisync.example/' } }],
    ['half an alert', { data: { link: 'https://pisync.example/', alert: { id: 1 } } }],
  ])('does not hold for %s', (_what, change) => {
    expect(isValid({ ...webhookPayload(MESSAGES['alert.opened']), ...change })).toBe(false);
  });

  it('fits the example beside it', () => {
    expect(JSON.parse(example('json'))).toEqual(webhookPayload(MESSAGES['alert.opened']));
  });
});

/** Runs an example of the page as it stands there, and sends it a good and a forged message. */
async function verifies(program: string, args: string[]): Promise<void> {
  const port = await freePort();
  const receiver = spawn(program, args, {
    env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: SECRET },
    stdio: 'ignore',
  });
  try {
    await listening(receiver, port);
    const delivery = aDelivery({ ...LOCAL, deliveryTimeoutSeconds: 10 });
    const url = `http://127.0.0.1:${port}/hook`;
    const send = (secrets: string[]) => delivery.deliver(webhookTo(url, secrets), MESSAGES['alert.opened']);
    expect(await send([SECRET])).toEqual({ outcome: 'delivered', status: 204 });
    expect(await send([newWebhookSecret(), SECRET])).toEqual({ outcome: 'delivered', status: 204 });
    expect(await send([newWebhookSecret()])).toEqual({ outcome: 'failed', reason: 'http-401', status: 401 });
  } finally {
    receiver.kill('SIGKILL');
    await once(receiver, 'close');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(receiver: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    if (receiver.exitCode !== null || Date.now() > deadline) throw new Error('The example does not listen');
    await setTimeout(50);
  }
}

describe('The receiver in TypeScript', () => {
  it('takes what the service sends, and nothing forged', async () => {
    const { outputText } = ts.transpileModule(example('ts'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await verifies(process.execPath, ['--input-type=module', '--eval', outputText]);
  });
});

needs('python3')('The receiver in Python', () => {
  it('takes what the service sends, and nothing forged', async () => {
    await verifies('python3', ['-W', 'error', '-c', example('python')]);
  });
});
