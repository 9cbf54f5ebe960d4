import { ValidationFailed } from '../domain/domain-error.js';
import { decodeCursor, encodeCursor } from './cursor.js';

describe('A cursor', () => {
  it('gives back the place it was made from', () => {
    const cursor = encodeCursor(['PIBOX-7', 4, true]);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeCursor(cursor, 'string', 'number', 'boolean')).toEqual(['PIBOX-7', 4, true]);
  });

  it.each([
    '',
    'x',
    '%%%',
    encodeCursor([1]),
    encodeCursor(['a', 'b']),
    Buffer.from('{"0":"a"}').toString('base64url'),
  ])('of another list, or made up (%s), is refused', (cursor) => {
    expect(() => decodeCursor(cursor, 'string')).toThrow(ValidationFailed);
  });

  it('with a number that no row can have is refused', () => {
    expect(() => decodeCursor(encodeCursor([1.5]), 'number')).toThrow(ValidationFailed);
    expect(() => decodeCursor(Buffer.from('[1e300]').toString('base64url'), 'number')).toThrow(
      ValidationFailed,
    );
  });
});
