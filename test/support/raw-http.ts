import { once } from 'node:events';
import { connect, Socket } from 'node:net';

/** What came back on a connection, up to its end or that of the first answer. */
export interface RawAnswer {
  /** 0: the server closed without a word. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the server closed the connection. */
  readonly isClosed: boolean;
}

/** Nothing that a client can send may keep it waiting for longer. */
const HANGS_AFTER_MS = 20_000;

/** A connection of which the test sends every byte itself. */
export class RawClient {
  private received = '';
  private isClosed = false;
  private changed: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').setNoDelay();
    socket.on('data', (text: string) => {
      this.received += text;
      this.changed();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.changed();
    });
    // A reset is an answer, too: what came before it counts.
    socket.on('error', () => undefined);
  }

  static async connect(url: string): Promise<RawClient> {
    const { port, hostname } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: string | Uint8Array): this {
    if (this.socket.writable) this.socket.write(bytes);
    return this;
  }

  /** Says that nothing more will come. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** Waits for one whole answer, or for the server to close. @throws Error where neither comes */
  async answer(): Promise<RawAnswer> {
    let answer: RawAnswer | undefined;
    await this.until(() => (answer = parsed(this.received, this.isClosed)) !== undefined);
    return answer!;
  }

  /** Waits for the server to close. @throws Error where it does not */
  closed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  close(): void {
    this.socket.destroy();
  }

  private until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Neither an answer nor an end: ${JSON.stringify(this.received)}`));
      }, HANGS_AFTER_MS);
      this.changed = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        resolve();
      };
      this.changed();
    });
  }
}

/** Sends bytes on a connection of their own, and waits for the answer. */
export async function sendRaw(url: string, ...pieces: (string | Uint8Array)[]): Promise<RawAnswer> {
  const client = await RawClient.connect(url);
  try {
    for (const piece of pieces) client.send(piece);
    return await client.answer();
  } finally {
    client.close();
  }
}

/**
 * The same for bytes that may be no whole message, after which a server waits for the rest: says after a while
 * that there is none. Node does not answer then what it is still at work on.
 */
export async function sendBroken(url: string, bytes: Uint8Array, patienceMs: number): Promise<RawAnswer> {
  const client = await RawClient.connect(url);
  const end = setTimeout(() => client.end(), patienceMs);
  try {
    return await client.send(bytes).answer();
  } finally {
    clearTimeout(end);
    client.close();
  }
}

function parsed(text: string, isClosed: boolean): RawAnswer | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return isClosed ? { status: 0, headers: {}, body: '', isClosed } : undefined;
  const [statusLine, ...lines] = text.slice(0, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  // 100 Continue and the like: the answer is still to come.
  if (status < 200) return parsed(text.slice(headEnd + 4), isClosed);
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const body = text.slice(headEnd + 4);
  const length = headers['content-length'];
  const isWhole =
    isClosed ||
    status === 204 ||
    (length !== undefined && body.length >= Number(length)) ||
    (headers['transfer-encoding'] === 'chunked' && body.endsWith('0\r\n\r\n'));
  // What follows belongs to another answer.
  return isWhole
    ? { status, headers, body: body.slice(0, Number(length ?? body.length)), isClosed }
    : undefined;
}
