import { DomainError } from '../domain/domain-error.js';

export class ChannelNotFound extends DomainError {
  readonly code = 'channel_not_found';

  constructor(id: number) {
    super(`There is no channel ${id}.`);
  }
}

export class LogChannelStays extends DomainError {
  readonly code = 'log_channel_stays';

  constructor() {
    super('The log channel is always there. Switch it off with {"enabled": false}.');
  }
}

export class ChannelHasNoSecret extends DomainError {
  readonly code = 'channel_has_no_secret';

  constructor(kind: string) {
    super(`A ${kind} channel signs nothing; only webhooks have a secret.`);
  }
}

/** A channel that cannot send is refused while somebody looks, and not found out at the first alert. */
export class SmtpNotConfigured extends DomainError {
  readonly code = 'smtp_not_configured';

  constructor() {
    super('SMTP_URL is not set: without a mail server an e-mail channel would send nothing.');
  }
}
