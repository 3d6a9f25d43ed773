/** Prints a size as `docker images` does: powers of 1000, three significant digits. */
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

/** Prints a size as BuildKit's progress does: powers of 1000, two decimals from kB on. */
export function progressSize(bytes: number): string {
  if (bytes < 1000) return `${bytes}B`;
  let value = bytes / 1000;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    if (value < 1000) return `${value.toFixed(2)}${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(2)}PB`;
}
