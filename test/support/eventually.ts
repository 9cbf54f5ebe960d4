import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the answer is true. @throws Error, with `what`, if it is not in time */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await isSo()); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
  }
}
