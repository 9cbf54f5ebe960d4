/** An answer of the service in each form, for the OpenAPI document. */
export const HISTORY_EXAMPLES = {
  json: [
    {
      id: 2,
      device_id: 'PIBOX-7',
      event_id: 'boot-41:17',
      timestamp: '2026-05-04T08:30:00.000Z',
      received_at: '2026-05-04T10:35:00.635Z',
      effective_at: '2026-05-04T08:30:00.000Z',
      clock: 'ok',
      failed: true,
      total_files_synced: 0,
      total_errors: 1,
      internet_speed: 1.5,
      error_message: 'upload timed out',
    },
  ],
  csv:
    'id,device_id,event_id,timestamp,received_at,effective_at,clock,failed,total_files_synced,total_errors,internet_speed,error_message\r\n' +
    '2,PIBOX-7,boot-41:17,2026-05-04T08:30:00.000Z,2026-05-04T10:35:00.635Z,2026-05-04T08:30:00.000Z,ok,true,0,1,1.5,upload timed out\r\n',
  ndjson:
    '{"id":2,"device_id":"PIBOX-7","event_id":"boot-41:17","timestamp":"2026-05-04T08:30:00.000Z",' +
    '"received_at":"2026-05-04T10:35:00.635Z","effective_at":"2026-05-04T08:30:00.000Z","clock":"ok","failed":true,' +
    '"total_files_synced":0,"total_errors":1,"internet_speed":1.5,"error_message":"upload timed out"}\n',
};
