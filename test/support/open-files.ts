import fs, { readdirSync, readlinkSync } from "node:fs";

/** Returns how often this process has a file open. */
export function openCount(path: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => linkOf(`/proc/self/fd/${fd}`) === path).length;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

type Close = typeof fs.close;

/**
 * Holds back every close of a file by a stream, as a busy machine does, until `release` is called.
 * Tests that use it must be serial.
 */
export function heldCloses(): { readonly count: () => number; release(): void } {
  const mutable = fs as { close: Close };
  const { close } = mutable;
  const held: (() => void)[] = [];
  const hold = (fd: number, done?: Parameters<Close>[1]): void => void held.push(() => close(fd, done));
  mutable.close = Object.assign(hold, { __promisify__: close.__promisify__ });
  return {
    count: () => held.length,
    release() {
      mutable.close = close;
      for (const go of held.splice(0)) go();
    },
  };
}
