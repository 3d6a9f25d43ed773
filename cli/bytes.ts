import { UsageError } from "./exit-codes.js";

const FACTORS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of a docker size, such as `64m`, `1gb`, `1.5GiB`: powers of 1024. */
export function parseBytes(text: string, what: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text);
  const factor = FACTORS[(found?.[2] ?? "").toLowerCase()];
  const bytes = Math.floor(Number(found?.[1]) * (factor ?? 1));
  if (factor === undefined || Number.isNaN(bytes))
    throw new UsageError("cli/bad-value", `Cannot read "${text}" for ${what}: expected a size such as 64m or 1g`);
  if (!Number.isSafeInteger(bytes)) throw new UsageError("cli/bad-value", `Cannot use "${text}" for ${what}: no disk is that large`);
  return bytes;
}

/** As `docker images` prints sizes: powers of 1000, three significant digits. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(3))}${units[unit]}`;
}

/** As BuildKit's progress prints sizes: powers of 1000, two decimals from kB on. */
export function progressSize(bytes: number): string {
  if (bytes < 1000) return `${bytes}B`;
  let value = bytes / 1000;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    if (value < 1000) return `${value.toFixed(2)}${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(2)}PB`;
}
