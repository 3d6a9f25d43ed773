import { closeSync, openSync, readSync } from "node:fs";

/** The headers of an ELF program. */
export interface Program {
  readonly machine: number;
  /** True where the kernel starts it through a loader that its header names. */
  readonly dynamic: boolean;
}

/** Bytes of a file that hold its headers: linkers write the table of segments first. */
const HEADERS = 4096;
const PT_INTERP = 3;

/** Returns undefined for a file that is no ELF program. */
export function readProgram(path: string): Program | undefined {
  const bytes = Buffer.alloc(HEADERS);
  const fd = openSync(path, "r");
  let size: number;
  try {
    size = readSync(fd, bytes, 0, HEADERS, 0);
  } finally {
    closeSync(fd);
  }
  if (size < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const big = bytes[5] === 2;
  const wide = bytes[4] === 2;
  const u16 = (at: number) => (big ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
  const u32 = (at: number) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  // The low half of a number of 64 bits: a table further away is not read.
  const table = wide ? u32(big ? 36 : 32) : u32(28);
  const [entry, count] = wide ? [u16(54), u16(56)] : [u16(42), u16(44)];
  const segments = Array.from({ length: count }, (_, index) => table + index * entry);
  if (segments.some((at) => at + 4 > size)) return undefined;
  return { machine: u16(18), dynamic: segments.some((at) => u32(at) === PT_INTERP) };
}
