DROP FUNCTION enrol_device(TEXT, TEXT, TEXT, BYTEA, TEXT, TIMESTAMPTZ);
DROP TABLE enrolment_approvals;
DROP TABLE access_keys;
DROP TYPE key_role;
