/** 1 to 255 of `A-Z a-z 0-9 . _ : @ -`, the first a letter or digit: safe in a URL, a log line and a table cell. */
export const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,254}$/;

export const DEVICE_ID_RULE = 'must be 1 to 255 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit';
