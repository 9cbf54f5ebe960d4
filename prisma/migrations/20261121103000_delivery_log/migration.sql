-- The delivery log of one channel or one device, newest first.
CREATE INDEX notifications_of_channel ON notifications (channel_id, id);
CREATE INDEX notifications_of_device ON notifications (device_id, id DESC) WHERE device_id IS NOT NULL;
