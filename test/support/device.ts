export type Outcome = 'ok' | 'failed';

/** What a report says beyond its outcome; what is left out gets an ordinary value. */
export interface Report {
  /** The reported time; absent: the device sends none. */
  at?: Date | string;
  eventId?: string;
  /** Files synced. */
  files?: number;
  /** Mbps. */
  speed?: number | null;
  errorMessage?: string;
  sentAt?: Date | string;
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

let devices = 0;

/** A device that reports to the service: `await aDevice(service).reports('failed')`. */
export function aDevice(service: { readonly url: string }, id?: string): Device {
  devices += 1;
  return new Device(service, id ?? `pibook-${process.pid}-${devices}`);
}

export class Device {
  constructor(
    private readonly service: { readonly url: string },
    readonly id: string,
  ) {}

  /** Posts one sync event. */
  async reports(outcome: Outcome, report: Report = {}): Promise<Answer> {
    return this.posts(this.event(outcome, report));
  }

  /** Several, each after the answer to the one before. */
  async reportsInTurn(...outcomes: Outcome[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const outcome of outcomes) answers.push(await this.reports(outcome));
    return answers;
  }

  /** Any body, as it is. */
  async posts(body: unknown): Promise<Answer> {
    return send(`${this.service.url}/api/sync-event`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Newest first. @param query for example `?limit=10` */
  async history(query = ''): Promise<Answer<Record<string, unknown>[]>> {
    return send(`${this.service.url}/api/device/${encodeURIComponent(this.id)}/sync-history${query}`);
  }

  /** The event on the wire. */
  event(outcome: Outcome, report: Report = {}): Record<string, unknown> {
    const { at, eventId, files, speed = 4.2, errorMessage, sentAt } = report;
    return {
      device_id: this.id,
      total_files_synced: files ?? (outcome === 'ok' ? 12 : 0),
      total_errors: outcome === 'ok' ? 0 : 1,
      internet_speed: speed,
      ...(at !== undefined && { timestamp: wireTime(at) }),
      ...(eventId !== undefined && { event_id: eventId }),
      ...(errorMessage !== undefined && { error_message: errorMessage }),
      ...(sentAt !== undefined && { sent_at: wireTime(sentAt) }),
    };
  }
}

/** Calls the service and reads the whole answer; a body that is not JSON is given as its text. */
export async function send<Body = Record<string, unknown>>(
  url: string,
  init?: RequestInit,
): Promise<Answer<Body>> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as Body,
  };
}

function wireTime(time: Date | string): string {
  return typeof time === 'string' ? time : time.toISOString();
}
