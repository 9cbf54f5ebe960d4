DROP FUNCTION record_sync_events(
  TEXT[], TEXT[], TIMESTAMPTZ[], TIMESTAMPTZ[], TIMESTAMPTZ[], clock_verdict[], INTEGER[], INTEGER[], DOUBLE PRECISION[], TEXT[]
);
DROP TABLE alerts;
DROP TABLE sync_events;
DROP TABLE devices;
DROP TYPE alert_status;
DROP TYPE alert_kind;
DROP TYPE clock_verdict;
