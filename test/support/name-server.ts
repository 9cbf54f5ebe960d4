import { createSocket, RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { AddressInfo, isIPv4 } from 'node:net';

const A = 1;
const AAAA = 28;
const NAME_ERROR = 3;

/** Addresses of a name at its nth look-up (from 0), `unknown` for NXDOMAIN, `silent` for no answer at all. */
export type Answer = (lookup: number) => readonly string[] | 'unknown' | 'silent';

/** A name server over UDP that answers as a test tells it to. */
export class NameServer {
  /** Look-ups of IPv4 addresses, by name; each comes with one of IPv6 addresses. */
  readonly lookups = new Map<string, number>();

  private constructor(
    private readonly socket: Socket,
    private readonly answers: Readonly<Record<string, Answer>>,
  ) {
    socket.on('message', (query, from) => this.answer(query, from));
  }

  static async start(answers: Readonly<Record<string, Answer>>): Promise<NameServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket, answers);
  }

  get address(): string {
    return `127.0.0.1:${(this.socket.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.socket.close();
  }

  private answer(query: Buffer, from: RemoteInfo): void {
    const { name, type, end } = questionOf(query);
    const lookup = this.lookups.get(`${name} ${type}`) ?? 0;
    this.lookups.set(`${name} ${type}`, lookup + 1);
    if (type === A) this.lookups.set(name, lookup + 1);
    const answer = this.answers[name]?.(lookup) ?? 'unknown';
    if (answer === 'silent') return;
    const addresses = answer === 'unknown' ? [] : answer;
    const records = addresses
      .filter((address) => isIPv4(address) === (type === A) && (type === A || type === AAAA))
      .map((address) => recordOf(type, address));
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (answer === 'unknown' ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    this.socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  while (query[at] !== 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The name by a pointer to the question, class IN, no time to live. */
function recordOf(type: number, address: string): Buffer {
  const data = type === A ? Buffer.from(address.split('.').map(Number)) : bytesOfIPv6(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytesOfIPv6(address: string): Buffer {
  const [before, after] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const groups =
    after === undefined
      ? before
      : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
