-- Who may do what: access keys, and the operators' leave for a device to enrol once more.

CREATE TYPE key_role AS ENUM ('device', 'fleet', 'viewer', 'operator', 'admin');

-- Of a key's secret only the SHA-256 is kept. That is enough for 256 random bits, which nobody can guess; a
-- slow hash would only let strangers keep the processor busy.
CREATE TABLE access_keys (
  id                   TEXT COLLATE "C" NOT NULL,
  secret_sha256        BYTEA NOT NULL,
  name                 TEXT NOT NULL,
  role                 key_role NOT NULL,
  device_id            TEXT COLLATE "C",
  site                 TEXT,
  enrolled             BOOLEAN NOT NULL DEFAULT FALSE,
  created_by           TEXT COLLATE "C",
  created_at           TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  expires_at           TIMESTAMPTZ(3),
  revoked_at           TIMESTAMPTZ(3),
  last_used_at         TIMESTAMPTZ(3),
  max_uses             INTEGER,
  new_devices_per_hour INTEGER,
  uses                 INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT access_keys_pkey PRIMARY KEY (id),
  CONSTRAINT access_keys_digest_is_whole CHECK (octet_length(secret_sha256) = 32),
  CONSTRAINT access_keys_device_has_its_device CHECK ((role = 'device') = (device_id IS NOT NULL)),
  -- A site on a reader's key would look like a limit, which it is not.
  CONSTRAINT access_keys_site_is_of_devices CHECK (site IS NULL OR role IN ('device', 'fleet')),
  CONSTRAINT access_keys_enrolled_are_devices CHECK (NOT enrolled OR role = 'device'),
  -- A fleet key is on every memory card: it ends, by time and by number.
  CONSTRAINT access_keys_fleet_is_limited CHECK (
    CASE WHEN role = 'fleet'
      THEN expires_at IS NOT NULL AND max_uses > 0 AND new_devices_per_hour > 0 AND uses BETWEEN 0 AND max_uses
      ELSE max_uses IS NULL AND new_devices_per_hour IS NULL AND uses = 0
    END
  )
);
CREATE INDEX access_keys_newest_first ON access_keys (created_at DESC, id DESC);
CREATE INDEX access_keys_of_device ON access_keys (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX access_keys_by_fleet_key ON access_keys (created_by, created_at DESC) WHERE enrolled;
-- The key a device enrolled with is one, whatever the number of requests at the same moment.
CREATE UNIQUE INDEX access_keys_one_enrolled ON access_keys (device_id) WHERE enrolled AND revoked_at IS NULL;

-- One row a device that an operator lets enrol once more; taken away by that enrolment.
CREATE TABLE enrolment_approvals (
  device_id   TEXT COLLATE "C" NOT NULL,
  approved_by TEXT COLLATE "C",
  approved_at TIMESTAMPTZ(3) NOT NULL,
  expires_at  TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT enrolment_approvals_pkey PRIMARY KEY (device_id),
  CONSTRAINT enrolment_approvals_end CHECK (expires_at > approved_at)
);

-- Gives a device its key, or says why not: 'enrolled'; 'known' (it has or had a key, or has reported, and no
-- operator has approved of it since); 'used_up', 'hour_is_full' (with the seconds until it no longer is) or
-- 'refused' (revoked or expired meanwhile) of the fleet key. Nothing is changed but by 'enrolled'.
--
-- The fleet key's row is locked before anything is counted, so that its limits hold however many devices come
-- at once; then the device, by an advisory lock, for its row may not be there yet. Each statement sees what
-- was committed before it began (READ COMMITTED): that is why this is no single statement.
--
-- Without a fleet key (AUTH_MODE=off) there are no limits to keep.
CREATE FUNCTION enrol_device(
  p_fleet_key     TEXT,
  p_device_id     TEXT,
  p_key_id        TEXT,
  p_secret_sha256 BYTEA,
  p_name          TEXT,
  p_now           TIMESTAMPTZ
) RETURNS TABLE (outcome TEXT, retry_after_seconds INTEGER)
LANGUAGE plpgsql AS $$
DECLARE
  fleet     access_keys%ROWTYPE;
  full_from TIMESTAMPTZ;
  is_known  BOOLEAN;
BEGIN
  IF p_fleet_key IS NOT NULL THEN
    SELECT access_keys.* INTO fleet FROM access_keys
    WHERE access_keys.id = p_fleet_key AND access_keys.role = 'fleet'
    FOR UPDATE;
    IF NOT FOUND OR fleet.revoked_at IS NOT NULL OR fleet.expires_at <= p_now THEN
      RETURN QUERY SELECT 'refused', NULL::INTEGER;
      RETURN;
    END IF;
  END IF;

  PERFORM pg_advisory_xact_lock(hashtextextended('enrol ' || p_device_id, 0));
  is_known :=
    EXISTS (SELECT FROM access_keys WHERE access_keys.device_id = p_device_id)
    OR EXISTS (SELECT FROM devices WHERE devices.device_id = p_device_id);
  IF is_known AND NOT EXISTS (
    SELECT FROM enrolment_approvals AS approvals
    WHERE approvals.device_id = p_device_id AND approvals.expires_at > p_now
  ) THEN
    RETURN QUERY SELECT 'known', NULL::INTEGER;
    RETURN;
  END IF;

  IF fleet.uses >= fleet.max_uses THEN
    RETURN QUERY SELECT 'used_up', NULL::INTEGER;
    RETURN;
  END IF;
  -- The enrolment that has to leave the last hour before there is room for another one.
  SELECT access_keys.created_at INTO full_from FROM access_keys
  WHERE access_keys.created_by = p_fleet_key AND access_keys.enrolled
    AND access_keys.created_at > p_now - INTERVAL '1 hour'
  ORDER BY access_keys.created_at DESC
  OFFSET fleet.new_devices_per_hour - 1 LIMIT 1;
  IF full_from IS NOT NULL THEN
    RETURN QUERY SELECT 'hour_is_full', ceil(extract(epoch FROM full_from + INTERVAL '1 hour' - p_now))::INTEGER;
    RETURN;
  END IF;

  DELETE FROM enrolment_approvals AS approvals WHERE approvals.device_id = p_device_id;
  -- Whoever has the old memory card has no longer the device.
  UPDATE access_keys SET revoked_at = p_now
  WHERE access_keys.device_id = p_device_id AND access_keys.revoked_at IS NULL;
  INSERT INTO access_keys (id, secret_sha256, name, role, device_id, site, enrolled, created_by, created_at)
  VALUES (p_key_id, p_secret_sha256, p_name, 'device', p_device_id, fleet.site, TRUE, p_fleet_key, p_now);
  UPDATE access_keys SET uses = access_keys.uses + 1 WHERE access_keys.id = p_fleet_key;
  RETURN QUERY SELECT 'enrolled', NULL::INTEGER;
END;
$$;
