import { Logger } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { Config } from '../../config/config.js';
import type { Delivery, Destination, Message } from '../message.js';
import { DeliveryFailure, reasonOf } from './delivery-failure.js';
import { emailContent } from './email-content.js';

/** One mailbox and nothing that could end its header or begin another address. */
const MAILBOX = /^[^\s<>()[\]",;:\\@\p{Cc}]+@[^\s<>()",;:\\@\p{Cc}]+$/u;

/** Sends mails through the configured server, each over a connection of its own. */
export class EmailSender {
  private readonly logger = new Logger(EmailSender.name);
  private readonly transport: ReturnType<typeof smtp> | undefined;
  private readonly from: string;

  constructor(config: Pick<Config, 'smtpUrl' | 'smtpFrom' | 'deliveryTimeoutSeconds'>) {
    this.transport =
      config.smtpUrl === undefined ? undefined : smtp(config.smtpUrl, config.deliveryTimeoutSeconds);
    this.from = config.smtpFrom;
  }

  async send({ recipients }: Destination, message: Message, signal: AbortSignal): Promise<Delivery> {
    if (!this.transport) throw new DeliveryFailure('smtp-not-configured');
    if (recipients.length === 0 || !recipients.every((recipient) => MAILBOX.test(recipient)))
      throw new DeliveryFailure('invalid-recipient');
    const domain = this.from.replace(/^.*@|>$/g, '');
    try {
      const { rejected } = await this.transport.sendMail({
        ...emailContent(message),
        from: this.from,
        to: recipients.map((address) => ({ name: '', address })),
        date: new Date(message.created_at),
        // The same for every attempt, so that a mail server or a reader knows a repetition.
        messageId: `<${message.id}@${domain}>`,
        // Whatever is said of one alert stands together.
        ...('alert' in message && { references: `<alert-${message.alert.id}@${domain}>` }),
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      });
      if (rejected.length > 0) {
        this.logger.warn(
          `The mail server took message ${message.id} for ${recipients.length - rejected.length} of ${recipients.length} recipients.`,
        );
      }
      return { outcome: 'delivered' };
    } catch (error) {
      return this.failure(error);
    }
  }

  private failure(error: unknown): Delivery {
    const { responseCode, code } = error as { responseCode?: number; code?: string };
    const reason = code === 'EENVELOPE' ? 'invalid-recipient' : reasonOf(error);
    // A server without STARTTLS says 500 to it; that we wanted it is what matters.
    if (reason !== 'tls' && responseCode !== undefined && responseCode >= 400)
      return { outcome: 'failed', reason: `smtp-${Math.floor(responseCode / 100)}xx`, status: responseCode };
    throw reason === undefined ? error : new DeliveryFailure(reason, { cause: error });
  }
}

/** TLS is used wherever the server has it, and demanded before a password is said, unless the URL says otherwise. */
function smtp(url: string, timeoutSeconds: number) {
  const timeout = timeoutSeconds * 1_000;
  const { username, searchParams } = new URL(url);
  return createTransport({
    url,
    requireTLS: username !== '' && searchParams.get('requireTLS') !== 'false',
    dnsTimeout: timeout,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
