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
