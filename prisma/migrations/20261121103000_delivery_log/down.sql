DROP INDEX notifications_of_device;
DROP INDEX notifications_of_channel;
