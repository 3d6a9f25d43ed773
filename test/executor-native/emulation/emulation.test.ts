import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { emulatedOn } from "../../../executor-native/emulated.js";
import { Emulators } from "../../../executor-native/emulation/emulators.js";
import { interpretersHere } from "../../../executor-native/emulation/interpreters.js";
import { PROCESSORS, processorOf, programStart, registration } from "../../../executor-native/emulation/processors.js";
import { helperPath } from "../../../executor-native/helper-path.js";

test("processors are found by platform", (t) => {
  t.is(processorOf("linux/arm64")?.machine, 183);
  t.is(processorOf("linux/arm/v7")?.qemu, "arm");
  t.is(processorOf("linux/vax"), undefined);
  t.is(processorOf("arm64"), undefined);
});

test("a program knows that an emulator runs it", (t) => {
  for (const [own, kernel, found] of [
    ["arm64", "x86_64\n", "x86_64"],
    ["arm64", "aarch64\n", undefined],
    ["x64", "aarch64\n", "aarch64"],
    ["x64", undefined, undefined],
    ["riscv64", "riscv64\n", undefined],
  ] as const)
    t.is(
      emulatedOn(() => kernel, own),
      found,
      own,
    );
  t.is(emulatedOn(), undefined);
});

test("registrations are what QEMU's own script writes", (t) => {
  const line = (architecture: string) => {
    const processor = processorOf(`linux/${architecture}`);
    return processor && registration(processor, "/q");
  };
  t.is(
    line("arm64"),
    String.raw`:tsbuild-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/q:OCF`,
  );
  t.is(
    line("s390x"),
    String.raw`:tsbuild-s390x:M::\x7f\x45\x4c\x46\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff:/q:OCF`,
  );
});

test("the start of a program has a header of its processor", (t) => {
  for (const processor of PROCESSORS) {
    const start = programStart(processor);
    t.is(start[4], processor.bits / 32);
    t.is(processor.bigEndian ? start.readUInt16BE(18) : start.readUInt16LE(18), processor.machine);
  }
});

test("only static programs serve as interpreters, and the first in PATH does", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-interpreters-"));
  try {
    const foreign = PROCESSORS.find(({ native, qemu }) => !native.includes(process.arch) && qemu === "riscv64") ?? PROCESSORS[4];
    const name = join(directory, `qemu-${foreign?.qemu}-static`);
    const find = () => interpretersHere({ PATH: directory }).find(({ processor }) => processor === foreign)?.path;
    writeFileSync(name, "#!/bin/sh\n");
    chmodSync(name, 0o755);
    t.not(find(), name);
    copyFileSync(process.execPath, name);
    t.not(find(), name, "Node is dynamic");
    copyFileSync(helperPath(), name);
    chmodSync(name, 0o755);
    t.is(find(), name);
    chmodSync(name, 0o644);
    t.not(find(), name);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("outside a user namespace nothing is registered, and the machine's own platforms are listed", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-emulators-"));
  try {
    const platforms = await new Emulators({ directory, interpreters: () => [] }).platforms();
    t.true(platforms.some(({ platform, native }) => native && platform === `linux/${process.arch === "x64" ? "amd64" : process.arch}`));
    t.deepEqual(
      platforms.filter(({ by }) => by !== undefined),
      [],
    );
    t.deepEqual(readdirSync(directory), []);
    // A loader of ours starts this processor's programs, not its 32-bit sibling's, and emulators.
    const own = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
    const processor = processorOf("linux/s390x");
    const byLoader = new Emulators({ directory, hasLoader: true, interpreters: () => (processor ? [{ processor, path: "/q" }] : []) });
    t.deepEqual(await byLoader.platforms(), [
      { platform: own, by: undefined, native: true },
      { platform: "linux/s390x", by: "/q", native: false },
    ]);
    t.deepEqual(byLoader.ofLoader("linux/s390x"), { machine: 22, path: "/q" });
    t.is(byLoader.ofLoader(own), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
