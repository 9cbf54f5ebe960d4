import { Answer } from './device.js';

/** Holds an error answer against RFC 9457. @param code the end of its `type`, for example `device-not-found` */
export function expectProblem(answer: Answer<unknown>, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ type: `urn:pisync:problem:${code}`, status });
}

/** A 400 that names this field or parameter. */
export function expectRefused(answer: Answer<unknown>, field: string): void {
  expectProblem(answer, 400, 'validation-failed');
  expect(answer.body).toMatchObject({
    errors: expect.arrayContaining([{ field, message: expect.any(String) }]) as unknown,
  });
}
