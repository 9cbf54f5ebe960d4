import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsNotEmpty, IsOptional } from 'class-validator';
import { AreOrigins } from './are-origins.decorator.js';
import { AreNetworks } from './are-networks.decorator.js';
import { AreSecretsKeys } from './are-secrets-keys.decorator.js';
import { IsMailbox } from './is-mailbox.decorator.js';
import { IsPostgresUrl } from './is-postgres-url.decorator.js';
import { IsPublicUrl } from './is-public-url.decorator.js';
import { IsSmtpUrl } from './is-smtp-url.decorator.js';
import { IsWholeNumber } from './is-whole-number.decorator.js';

const toBoolean = ({ value }: { value: unknown }): unknown =>
  value === 'true' ? true : value === 'false' ? false : value;
const toList = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;

/**
 * Every setting of the service, read once at start from the environment: `alertFailureStreak` is
 * ALERT_FAILURE_STREAK. `.env.example` gives each variable with its reason.
 */
export class Config {
  /** `production` refuses whatever is only safe on a laptop. */
  @IsIn(['development', 'production', 'test'])
  nodeEnv: 'development' | 'production' | 'test' = 'development';

  /** Address to listen on. Loopback until somebody decides otherwise. */
  @IsNotEmpty()
  host = '127.0.0.1';

  /** Port to listen on, 0 to 65535; 0 takes a free one. */
  @IsWholeNumber(0, 65_535)
  port = 3000;

  /** Where people reach the service, for the links in messages; without it they lead to this machine. */
  @IsOptional()
  @IsPublicUrl()
  publicUrl?: string;

  /** PostgreSQL 15 or newer; without it an embedded one is started under DATA_DIR. */
  @IsOptional()
  @IsPostgresUrl()
  databaseUrl?: string;

  /** Apply pending migrations at start. The embedded PostgreSQL is always migrated. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'must be true or false' })
  migrateOnStart = false;

  /** Folder of the embedded PostgreSQL. */
  @IsNotEmpty()
  dataDir = '.pisync';

  /** Keys that seal the channels' addresses and secrets in the database, the newest first; see docs/alerts.md. */
  @Transform(toList)
  @AreSecretsKeys()
  secretsKey: string[] = [];

  /** Connections of this process to PostgreSQL, 2 to 100. */
  @IsWholeNumber(2, 100)
  databasePoolSize = 10;

  /** Failures in a row that open an alert, 1 to 1000. */
  @IsWholeNumber(1, 1_000)
  alertFailureStreak = 3;

  /** Alert transitions a minute for one channel beyond which they become one digest, 0 to 100000; 0: never. */
  @IsWholeNumber(0, 100_000)
  alertDigestOver = 20;

  /** Hours without contact before a device counts as silent at the earliest, 1 to 8760. */
  @IsWholeNumber(1, 8_760)
  silentAfterHours = 72;

  /** Seconds between two syncs of a healthy device that has no interval of its own, 60 to 31536000. */
  @IsWholeNumber(60, 31_536_000)
  expectedIntervalSeconds = 3_600;

  /** Events that may wait for their answer before further ones are turned away with 503, 1 to 1000000. */
  @IsWholeNumber(1, 1_000_000)
  recorderQueueLimit = 10_000;

  /** Writes to the database under way at once, 1 to 10: one, and others beside a slow one. */
  @IsWholeNumber(1, 10)
  recorderWriters = 3;

  /** Single reports in one write at most, 1 to 1000. An upload is written whole, however large. */
  @IsWholeNumber(1, 1_000)
  recorderBatchSize = 500;

  /** Hours after which an alert that nobody acknowledged is told again, and again, 1 to 8760; 0 for never. */
  @IsWholeNumber(0, 8_760)
  reminderAfterHours = 24;

  /** Seconds between two sweeps for silent devices, reminders and what a crash left unsettled, 1 to 3600. */
  @IsWholeNumber(1, 3_600)
  sweepIntervalSeconds = 30;

  /** Requests a minute of one device before 429, 1 to 1000000. */
  @IsWholeNumber(1, 1_000_000)
  deviceRequestsPerMinute = 300;

  /** Events an hour of one device, single or in uploads, before 429, 1000 to 100000000: an upload has to fit. */
  @IsWholeNumber(1_000, 100_000_000)
  deviceEventsPerHour = 5_000;

  /** Requests a minute with one key that is no device's before 429, 1 to 1000000. */
  @IsWholeNumber(1, 1_000_000)
  keyRequestsPerMinute = 600;

  /** Requests a minute without a key from one address, devices' reports not counted, before 429, 1 to 1000000. */
  @IsWholeNumber(1, 1_000_000)
  addressRequestsPerMinute = 1_200;

  /** Requests a minute refused for their key, by address and by key, before 429 instead of 401, 1 to 1000000. */
  @IsWholeNumber(1, 1_000_000)
  refusedRequestsPerMinute = 60;

  /**
   * Whether requests need a key. Off by itself only outside production and on loopback; refused elsewhere,
   * see load-config.ts.
   */
  @IsIn(['off', 'on'])
  authMode: 'off' | 'on' = 'off';

  /** Let fleet keys report as any device: for firmware that cannot enrol. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'must be true or false' })
  fleetIngest = false;

  /** Seconds for which a key that was looked up is believed, 0 to 30: how long a revoked one may live on. */
  @IsWholeNumber(0, 30)
  keyCacheSeconds = 15;

  /** Requests other than reports at work at once before further ones are turned away with 503, 1 to 100000. */
  @IsWholeNumber(1, 100_000)
  requestsUnderWayLimit = 200;

  /** Milliseconds by which the process may be late before requests are turned away with 503, 50 to 60000. */
  @IsWholeNumber(50, 60_000)
  eventLoopDelayLimitMs = 1_000;

  /** Seconds for the headers of a request to arrive before the connection is closed, 1 to 60. */
  @IsWholeNumber(1, 60)
  headersTimeoutSeconds = 10;

  /** Seconds for the body of a single report to arrive before 408, 1 to 300. Uploads of many have five minutes. */
  @IsWholeNumber(1, 300)
  bodyTimeoutSeconds = 30;

  /** Show the API's documentation and its OpenAPI document. Off by itself in production, see load-config.ts. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'must be true or false' })
  apiDocs = true;
  /** Hours after which a browser has to log in again, 1 to 168. */
  @IsWholeNumber(1, 168)
  sessionHours = 12;

  /** Least important lines that are logged. */
  @IsIn(['debug', 'info', 'warn', 'error', 'silent'])
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'info';

  /** Origins of web pages that may call the API from a browser, separated by commas; none by default. */
  @Transform(toList)
  @AreOrigins()
  corsOrigins: string[] = [];

  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges, separated by commas; none by default. */
  @Transform(toList)
  @AreNetworks()
  trustProxy: string[] = [];

  /** Networks in which webhooks may reach private addresses, any port: addresses or CIDR ranges; none by default. */
  @Transform(toList)
  @AreNetworks()
  webhookAllowCidrs: string[] = [];

  /** Whether webhooks may go by plain http, which everybody on the way can read. */
  @Transform(toBoolean)
  @IsBoolean({ message: 'must be true or false' })
  webhookAllowHttp = false;

  /** Seconds that one delivery may take in all, from the name lookup to the answer, 1 to 30. */
  @IsWholeNumber(1, 30)
  deliveryTimeoutSeconds = 15;

  /** Mail server of the e-mail channels; without it their messages fail as `smtp-not-configured`. */
  @IsOptional()
  @IsSmtpUrl()
  smtpUrl?: string;

  /** Whom the mails come from. */
  @IsMailbox()
  smtpFrom = 'PiSync <pisync@localhost>';
}
