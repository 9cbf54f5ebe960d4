-- What is still owed is lost with the channels.
DROP TRIGGER device_no_longer_paused ON devices;
DROP FUNCTION owe_notifications_of_device();
DROP TRIGGER alert_reminded ON alerts;
DROP TRIGGER alert_resolved ON alerts;
DROP TRIGGER alert_opened ON alerts;
DROP FUNCTION owe_notifications_of_alert();
DROP FUNCTION owe_notifications(alerts, notification_transition);
DROP FUNCTION alert_facts(alerts);
DROP FUNCTION wire_time(TIMESTAMPTZ);
DROP TABLE notifications;
DROP TABLE channels;
DROP TYPE notification_status;
DROP TYPE notification_transition;
DROP TYPE channel_kind;
