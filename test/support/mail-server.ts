import { once } from 'node:events';
import { AddressInfo } from 'node:net';
import { SMTPServer, SMTPServerOptions } from 'smtp-server';

export interface Mail {
  from: string;
  to: string[];
  isSecure: boolean;
  /** Unfolded, by lower-case name. */
  headers: Map<string, string>;
  raw: string;
}

/** A mail server of the tests; what it refuses, and how, is theirs to say. */
export class MailServer {
  readonly mails: Mail[] = [];
  private constructor(private readonly server: SMTPServer) {}

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString();
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            isSecure: session.secure === true,
            headers: headersOf(raw),
            raw,
          });
          done();
        });
      },
      ...options,
    });
    // Clients that hang up are what some of these tests are about.
    server.on('error', () => undefined);
    const started = new MailServer(server);
    const { mails } = started;
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return started;
  }

  url(credentials = ''): string {
    return `smtp://${credentials}127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

function headersOf(raw: string): Map<string, string> {
  const unfolded = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  return new Map(
    unfolded.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** One part of a mail, as its reader sees it. @param type for example `text/plain` */
export function part(raw: string, type: string): string {
  const [, encoding, body] = new RegExp(
    `Content-Type: ${type};[^]*?Content-Transfer-Encoding: (\\S+)[^]*?\\r\\n\\r\\n([^]*?)\\r\\n--`,
  ).exec(raw)!;
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
