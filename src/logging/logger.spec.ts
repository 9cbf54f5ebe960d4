import { Writable } from 'node:stream';
import { PinoLogger } from './logger.js';

function logged(isTerminal: boolean, log: (logger: PinoLogger) => void, level = 'info'): string {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  log(new PinoLogger(level, isTerminal, destination));
  return text;
}

const ALERT = '⚠️ Device PIBOX-7 has failed 3 times in a row!';

describe('The log', () => {
  it('is one JSON object a line', () => {
    const [line, ...others] = logged(false, (logger) => logger.warn(ALERT, 'Alerts'))
      .trim()
      .split('\n');
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', msg: ALERT, context: 'Alerts' });
    expect(others).toEqual([]);
  });

  it('is a line for people on a terminal', () => {
    expect(logged(true, (logger) => logger.warn(ALERT, 'Alerts'))).toMatch(
      new RegExp(`^\\[\\d\\d:\\d\\d:\\d\\d\\] WARN: ${ALERT}\n$`),
    );
  });

  it('tells an error with its stack', () => {
    const text = logged(false, (logger) => logger.error('It failed', new TypeError('no such thing'), 'Http'));
    expect(JSON.parse(text)).toMatchObject({
      msg: 'It failed',
      err: { type: 'TypeError', message: 'no such thing', stack: expect.stringContaining('logger.spec') },
    });
  });

  it('tells of what request an error was', () => {
    const text = logged(false, (logger) =>
      logger.error({ error: new Error('x'), request_id: 'a-1' }, 'Http'),
    );
    expect(JSON.parse(text)).toMatchObject({ request_id: 'a-1', err: { message: 'x' } });
  });

  it('leaves out what is below its level, and what Nest says while it starts', () => {
    expect(logged(false, (logger) => logger.log('x', 'Alerts'), 'warn')).toBe('');
    expect(logged(false, (logger) => logger.log('Mapped {/health, GET} route', 'RouterExplorer'))).toBe('');
  });

  it.each([true, false])('names no secret and moves no cursor (on a terminal: %s)', (isTerminal) => {
    const text = logged(isTerminal, (logger) => {
      logger.log('connecting to postgresql://pisync:canary-1@db/pisync\u001b[2J');
      logger.error({
        authorization: 'Bearer canary-2',
        headers: { 'x-api-key': 'canary-4', cookie: ['canary-5'] },
        error: Object.assign(new Error('at postgres://a:canary-3@b \u009b2J'), {
          config: { auth: { password: 'canary-6' }, url: 'https://x?token=canary-7' },
          cause: Object.assign(new Error('sent psk_abc_canary-8'), { secret: 'canary-9' }),
        }),
      });
      logger.error('It failed', Object.assign(new Error('x'), { authorization: 'canary-10' }));
    });
    expect(text).toContain('postgresql://pisync:***@db/pisync');
    expect(text).not.toMatch(/canary/);
    expect(text).not.toMatch(/[\u001b\u009b]/);
  });
});
