const SIZE = /^\+?((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i;

const FACTORS: Readonly<Record<string, number>> = {
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/**
 * Returns the bytes of a size such as `64m`, `1.5GiB` or `1024`, as docker's `units.RAMInBytes`
 * reads it: units are powers of 1,024, in upper or lower case, with at most one space before them.
 * Undefined when the text is no size.
 *
 * Note that we also refuse sizes from 2^53 on, because a number cannot count their bytes, and
 * numbers in hexadecimal, which Go takes by accident.
 */
export function parseSize(text: string): number | undefined {
  const [, number, unit = ""] = SIZE.exec(text) ?? [];
  if (number === undefined) return undefined;
  const bytes = Math.floor(Number(number) * (FACTORS[unit.toLowerCase()] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
