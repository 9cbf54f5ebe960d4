import { getSchemaPath } from '@nestjs/swagger';
import { MOST_ITEMS } from '../http/json-upload.js';
import { SyncEventRequest } from './sync-event-request.dto.js';
import { SyncEventUploadRequest } from './sync-event-upload.dto.js';

const FAILED = {
  device_id: 'PIBOX-7',
  event_id: 'boot-41:17',
  timestamp: '2026-05-04T08:30:00Z',
  total_files_synced: 0,
  total_errors: 1,
  internet_speed: 1.5,
  error_message: 'upload timed out',
};
const SUCCEEDED = {
  device_id: 'PIBOX-7',
  event_id: 'boot-41:18',
  timestamp: '2026-05-04T09:30:00Z',
  total_files_synced: 12,
  total_errors: 0,
  internet_speed: 4.5,
};

/** The forms of an upload, for the OpenAPI document. */
export const UPLOAD_REQUEST_BODY = {
  required: true,
  content: {
    'application/json': {
      schema: {
        oneOf: [
          { type: 'array', maxItems: MOST_ITEMS, items: { $ref: getSchemaPath(SyncEventRequest) } },
          { $ref: getSchemaPath(SyncEventUploadRequest) },
        ],
      },
      examples: {
        array: { summary: 'An array of events', value: [FAILED, SUCCEEDED] },
        envelope: {
          summary: 'Events, and when they were sent by the clock of the device',
          value: { sent_at: '2026-05-04T10:35:00Z', events: [FAILED, SUCCEEDED] },
        },
      },
    },
    'application/x-ndjson': {
      schema: { type: 'string', description: 'One event a line, as JSON.' },
      example: [FAILED, SUCCEEDED].map((event) => `${JSON.stringify(event)}\n`).join(''),
    },
  },
};

const UNSTORED = [
  { index: 3, outcome: 'conflict', id: 1 },
  {
    index: 4,
    outcome: 'rejected',
    errors: [{ field: 'total_errors', message: 'must be an integer from 0 to 2147483647' }],
  },
];

/** What the service answered to an upload of five, and to the same upload when it was sent again. */
export const UPLOAD_RESULT_EXAMPLES = {
  full: {
    summary: 'A result for each event',
    value: {
      recorded: 2,
      duplicates: 1,
      conflicts: 1,
      rejected: 1,
      results: [
        { index: 0, outcome: 'recorded', id: 2 },
        { index: 1, outcome: 'recorded', id: 3 },
        { index: 2, outcome: 'duplicate', id: 1 },
        ...UNSTORED,
      ],
    },
  },
  minimal: {
    summary: 'Sent again, with Prefer: return=minimal',
    value: { recorded: 0, duplicates: 3, conflicts: 1, rejected: 1, results: UNSTORED },
  },
};
