import type { TransformFnParams } from 'class-transformer';

/** A parameter in decimal digits as its number; `1e3`, `0x10` and nothing at all stay texts, to be refused. */
export function wholeNumber({ value }: TransformFnParams): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : (value as unknown);
}
