-- The dashboard's sessions, and who changed what.

-- One row a session; logging out deletes it. Of its secret only the SHA-256 is kept, as of a key's.
CREATE TABLE sessions (
  id            TEXT COLLATE "C" NOT NULL,
  secret_sha256 BYTEA NOT NULL,
  key_id        TEXT COLLATE "C" NOT NULL,
  created_at    TIMESTAMPTZ(3) NOT NULL,
  expires_at    TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_key_fkey FOREIGN KEY (key_id) REFERENCES access_keys (id) ON DELETE CASCADE,
  CONSTRAINT sessions_digest_is_whole CHECK (octet_length(secret_sha256) = 32),
  CONSTRAINT sessions_end CHECK (expires_at > created_at)
);
CREATE INDEX sessions_of_key ON sessions (key_id, created_at DESC);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Who changed what and when; kept for ever. No value of a secret stands in it (src/access/audit/).
CREATE TABLE audit_log (
  id          BIGSERIAL NOT NULL,
  at          TIMESTAMPTZ(3) NOT NULL,
  actor       TEXT COLLATE "C" NOT NULL,
  actor_name  TEXT NOT NULL,
  action      TEXT COLLATE "C" NOT NULL,
  resource    TEXT COLLATE "C" NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  details     JSONB NOT NULL,
  request_id  TEXT,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id),
  CONSTRAINT audit_log_action_is_a_fact CHECK (action ~ '^[a-z_]+[.][a-z_]+$'),
  CONSTRAINT audit_log_details_are_fields CHECK (jsonb_typeof(details) = 'object')
);
CREATE INDEX audit_log_newest_first ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at DESC, id DESC);
CREATE INDEX audit_log_by_action ON audit_log (action, at DESC, id DESC);

-- Nobody who only reads and writes tables can change or remove what stands in it, the service itself included,
-- nor a superuser with session_replication_role = replica (ENABLE ALWAYS). Whoever owns the table could still take
-- the trigger away: docs/security.md tells how the service's role need not own it.
CREATE FUNCTION refuse_to_rewrite_audit_log() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER audit_log_is_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_audit_log();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only;
