/** Why an attempt failed, in one short class that may be stored and shown: it holds nothing that a receiver said. */
export class DeliveryFailure extends Error {
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'DeliveryFailure';
  }
}

const REASON_BY_CODE: Record<string, string> = {
  ENOTFOUND: 'name-not-found',
  ENODATA: 'name-not-found',
  EBADNAME: 'name-not-found',
  EDNS: 'name-not-found',
  ESERVFAIL: 'name-lookup',
  EREFUSED: 'name-lookup',
  ETIMEOUT: 'name-lookup',
  EBADRESP: 'name-lookup',
  ECANCELLED: 'name-lookup',
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  ECONNECTION: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  EADDRNOTAVAIL: 'connection',
  EPIPE: 'connection',
  ESOCKET: 'connection',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls',
  ETLS: 'tls',
  EREQUIRETLS: 'tls',
};

/** OpenSSL's words for a certificate that does not hold, as Node passes them on. */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The class of whatever a connection died of; `undefined` for what nobody expected. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof DeliveryFailure) return error.reason;
  // nodemailer calls most of what happens to a socket ESOCKET, and keeps the system's word for it beside that.
  const { code: given, originalCode: code = given } = error as { code?: unknown; originalCode?: unknown };
  if (typeof code !== 'string') return undefined;
  if (CERTIFICATE.test(code)) return 'tls';
  // Node's HTTP parser: what answered does not speak HTTP, or never ends its headers.
  if (code.startsWith('HPE_')) return 'not-http';
  return REASON_BY_CODE[code];
}
