import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { TsbuildError } from "../../core/errors.js";
import { checkedProgram, whenChanged } from "../../executor-native/helper-path.js";

/** Returns the beginning of a program for a kind of processor. */
function elf(machine: number, bigEndian = false): Buffer {
  const header = Buffer.alloc(64);
  header.write("\u007fELF", "latin1");
  header[5] = bigEndian ? 2 : 1;
  if (bigEndian) header.writeUInt16BE(machine, 18);
  else header.writeUInt16LE(machine, 18);
  return header;
}

/** Returns the beginning of a program of 64 bits with one segment of this type. */
function withSegment(type: number, machine = 62): Buffer {
  const program = Buffer.concat([elf(machine), Buffer.alloc(56)]);
  program[4] = 2;
  program.writeUInt32LE(64, 32);
  program.writeUInt16LE(56, 54);
  program.writeUInt16LE(1, 56);
  program.writeUInt32LE(type, 64);
  return program;
}

const CASES: readonly (readonly [title: string, content: Buffer | undefined, arch: string, message: RegExp | undefined])[] = [
  ["its own", elf(62), "x64", undefined],
  ["one that its processor runs too", elf(3), "x64", undefined],
  ["big-endian", elf(22, true), "s390x", undefined],
  ["a kind that is not in the table, on such a machine", elf(9999), "vax", undefined],
  ["another processor's", elf(183), "x64", /is for arm64 processors, and this machine is x64$/],
  ["x86-64 on ARM", elf(62), "arm64", /is for x64 processors, and this machine is arm64$/],
  ["an unknown processor's", elf(9999), "x64", /is for other processors/],
  ["a static one", withSegment(1), "x64", undefined],
  ["one that a loader starts", withSegment(3), "x64", /needs a loader, which a step could bring, and this machine is x64$/],
  ["one that is cut off", withSegment(1).subarray(0, 64), "x64", /is no program/],
  ["a script", Buffer.from(`#!/bin/sh\nexit 0\n${"# longer\n".repeat(20)}`), "x64", /is no program, and/],
  ["an empty file", Buffer.alloc(0), "x64", /is no program/],
  ["nothing", undefined, "x64", /is not there or cannot be executed$/],
];

for (const [title, content, arch, message] of CASES) {
  test(`the sandbox program: ${title}`, (t) => {
    const directory = mkdtempSync(join(tmpdir(), "program-"));
    const path = join(directory, "program");
    try {
      if (content) writeFileSync(path, content);
      if (content) chmodSync(path, 0o755);
      if (message === undefined) {
        t.is(checkedProgram(path, true, arch), path);
        return;
      }
      for (const [sources, hint] of [
        [true, /build it with "node scripts\/build-helper.mjs"/],
        [false, /the package @tsbuild\/linux-(x64|arm64) holds it$/],
      ] as const) {
        const error = t.throws(() => checkedProgram(path, sources, arch), { instanceOf: TsbuildError, message });
        t.is(error?.code, "exec/helper-missing");
        t.regex(error?.hint ?? "", hint);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("the sandbox program is looked into again only when its file has changed, or did not pass", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "program-"));
  const path = join(directory, "program");
  let looks = 0;
  let fails = true;
  const check = whenChanged(() => {
    looks++;
    if (fails) throw new Error("no program");
  });
  try {
    t.throws(() => check(path));
    writeFileSync(path, "one");
    t.throws(() => check(path));
    t.throws(() => check(path));
    t.is(looks, 3);
    fails = false;
    check(path);
    check(path);
    t.is(looks, 4);
    chmodSync(path, 0o755);
    check(path);
    t.is(looks, 5);
    writeFileSync(`${path}.new`, "two");
    renameSync(`${path}.new`, path);
    check(path);
    check(path);
    t.is(looks, 6);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
