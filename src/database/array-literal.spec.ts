import { plainArray, textArray, timeArray } from './array-literal.js';

describe('An array as text', () => {
  it('quotes texts, so that the word NULL, commas, braces and blanks stay what they are', () => {
    expect(textArray(['NULL', 'a,b', '{}', ' ', ''])).toBe('{"NULL","a,b","{}"," ",""}');
  });

  it('escapes quotes and backslashes', () => {
    expect(textArray(['say "hi"', 'C:\\temp\\'])).toBe('{"say \\"hi\\"","C:\\\\temp\\\\"}');
  });

  it('keeps nulls among values', () => {
    expect(textArray([null, 'x'])).toBe('{NULL,"x"}');
    expect(plainArray([1.5, null, 1e-7])).toBe('{1.5,NULL,1e-7}');
  });

  it('is NULL where there is no value at all', () => {
    expect(plainArray([null, null])).toBeNull();
  });

  it('writes times in UTC, to the millisecond', () => {
    expect(timeArray([new Date('2026-05-04T12:30:00.120+02:00')])).toBe('{"2026-05-04T10:30:00.120Z"}');
  });
});
