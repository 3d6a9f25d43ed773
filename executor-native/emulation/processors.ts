/** A processor, as the headers of its programs name it. */
export interface Processor {
  /** Name in platforms: `arm64` of `linux/arm64`. */
  readonly architecture: string;
  /** Name of its emulator after `qemu-`. */
  readonly qemu: string;
  /** `e_machine` in ELF headers. */
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly bigEndian?: true;
  /** Names in Node of the processors that run its programs themselves. */
  readonly native: readonly string[];
}

export const PROCESSORS: readonly Processor[] = [
  { architecture: "amd64", qemu: "x86_64", machine: 62, bits: 64, native: ["x64"] },
  { architecture: "386", qemu: "i386", machine: 3, bits: 32, native: ["ia32", "x64"] },
  { architecture: "arm64", qemu: "aarch64", machine: 183, bits: 64, native: ["arm64"] },
  { architecture: "arm", qemu: "arm", machine: 40, bits: 32, native: ["arm"] },
  { architecture: "riscv64", qemu: "riscv64", machine: 243, bits: 64, native: ["riscv64"] },
  { architecture: "ppc64le", qemu: "ppc64le", machine: 21, bits: 64, native: [] },
  { architecture: "s390x", qemu: "s390x", machine: 22, bits: 64, bigEndian: true, native: ["s390x"] },
  { architecture: "mips64le", qemu: "mips64el", machine: 8, bits: 64, native: [] },
  { architecture: "loong64", qemu: "loongarch64", machine: 258, bits: 64, native: ["loong64"] },
];

/** Returns the processor of a platform such as `linux/arm64`; undefined for one unknown here. */
export function processorOf(platform: string): Processor | undefined {
  const [, architecture] = platform.split("/");
  return PROCESSORS.find((processor) => processor.architecture === architecture);
}

/** Bytes of an ELF header up to `e_machine`. */
const HEADER = 20;
const EXECUTABLE = 2;

/** Returns the start of a program for the processor, and no more, so that it ends at once. */
export function programStart({ machine, bits, bigEndian }: Processor): Buffer {
  const start = Buffer.alloc(128);
  start.write("\u007fELF", "latin1");
  start.set([bits === 64 ? 2 : 1, bigEndian ? 2 : 1, 1], 4);
  for (const [value, at] of [
    [EXECUTABLE, 16],
    [machine, 18],
  ] as const) {
    if (bigEndian) start.writeUInt16BE(value, at);
    else start.writeUInt16LE(value, at);
  }
  start[bigEndian ? 23 : 20] = 1; // e_version
  return start;
}

/**
 * Returns the line by which the kernel starts the interpreter for programs of the processor. Flags:
 * the interpreter is opened now (F), and set-id bits of programs count (C, O). The ABI of the
 * header may be any, and position-independent programs are programs too.
 */
export function registration(processor: Processor, interpreter: string): string {
  const mask = Buffer.alloc(HEADER, 0xff);
  mask[7] = 0;
  mask[processor.bigEndian ? 17 : 16] = 0xfe;
  const magic = programStart(processor).subarray(0, HEADER);
  return `:tsbuild-${processor.qemu}:M::${escaped(magic)}:${escaped(mask)}:${interpreter}:OCF`;
}

function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
