import { printable, withoutSecrets } from './printable.js';

describe('A log line', () => {
  it.each([
    ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
    ['a new line', 'a\nINFO: all is well', 'a\\u000aINFO: all is well'],
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['a turn of direction', 'abc\u202egpj', 'abc\\u202egpj'],
  ])('writes out %s', (_name, text, written) => {
    expect(printable(text)).toBe(written);
  });

  it('leaves letters and emoji of all scripts as they are', () => {
    const text = '⚠️ Device PIBOX-7 has failed 3 times in a row! école 学校';
    expect(printable(text)).toBe(text);
  });

  it('keeps the line ends of a stack', () => {
    expect(printable('Error\n  at a', '\n')).toBe('Error\n  at a');
  });

  it.each([
    ['postgresql://pisync:s3cret@db:5432/x is away', 'postgresql://pisync:***@db:5432/x is away'],
    ['"redis://:s3cret@cache"', '"redis://:***@cache"'],
    ['postgresql://pisync:s3c@ret@db:5432/x', 'postgresql://pisync:***@db:5432/x'],
    ['http://localhost:3000/a@b', 'http://localhost:3000/a@b'],
    ['/api/devices/psk_0abc_S3-cret_9', '/api/devices/psk_0abc_***'],
    ['__Host-pisync_session=pss_0abc_S3-cret_9', '__Host-pisync_session=pss_0abc_***'],
    ['signed with whsec_MfKQ9r8/GKY=', 'signed with whsec_***'],
    ['sent Authorization: Bearer abc.def-ghi, and got 401', 'sent Authorization: Bearer ***, and got 401'],
    ['bearer tokens are short-lived', 'bearer tokens are short-lived'],
    ['/hook?id=7&access_token=s3cret&x=1', '/hook?id=7&access_token=***&x=1'],
    ['/list?keys=all', '/list?keys=all'],
  ])('names no secret: %s', (text, written) => {
    expect(withoutSecrets(text)).toBe(written);
  });
});
