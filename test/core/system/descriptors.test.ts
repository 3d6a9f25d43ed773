import { type ChildProcess, execFileSync } from "node:child_process";
import { EventEmitter } from "node:events";
import test from "ava";
import { TsbuildError } from "../../../core/errors.js";
import {
  causedByDescriptors,
  descriptorHint,
  isOutOfDescriptors,
  lacksDescriptors,
  started,
  stepsForDescriptors,
} from "../../../core/system/descriptors.js";

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             1024                 1024                 processes
Max open files            ${soft.padEnd(20)} 1048576              files
`;

test("as many steps run at once as descriptors allow, one at least", (t) => {
  for (const [soft, steps] of [
    ["16", 1],
    ["64", 1],
    ["128", 9],
    ["256", 25],
    ["1024", 121],
    ["unlimited", Infinity],
  ] as const)
    t.is(stepsForDescriptors(limits(soft)), steps, soft);
  t.is(stepsForDescriptors(""), Infinity);
  t.true(stepsForDescriptors() >= 1);
});

test("a child that was started without its pipes is an error of its own, and its own error is no unhandled one", (t) => {
  const child = Object.assign(new EventEmitter(), { stdio: undefined, spawnfile: "/helper" }) as unknown as ChildProcess;
  const error = t.throws(() => started(child), { code: "core/too-many-files" });
  t.is(error.message, 'Cannot start "/helper": too many files are open');
  t.notThrows(() => (child as unknown as EventEmitter).emit("error", new Error("spawn EMFILE")));
  const whole = Object.assign(new EventEmitter(), { stdio: [] }) as unknown as ChildProcess;
  t.is(started(whole), whole);
});

test("only the system's own codes mean that there are no descriptors", (t) => {
  for (const code of ["EMFILE", "ENFILE"]) t.true(isOutOfDescriptors(Object.assign(new Error(), { code })));
  t.false(isOutOfDescriptors(Object.assign(new Error(), { code: "ENOENT" })));
  t.false(isOutOfDescriptors(undefined));
});

test("the cause of an error shows that there are no descriptors, also in the words of libc", (t) => {
  const system = Object.assign(new Error("EMFILE: open"), { code: "EMFILE" });
  t.true(causedByDescriptors(new TsbuildError("context/unreadable", "Cannot read it", { cause: system })));
  t.true(causedByDescriptors(new TsbuildError("exec/sandbox-setup", "Cannot make it: Too many open files")));
  t.false(causedByDescriptors(new TsbuildError("context/unreadable", "Cannot read it", { cause: new Error("no") })));
  t.false(lacksDescriptors());
});

test("the hint names the limit there is, although no file can be opened", (t) => {
  t.regex(descriptorHint(), /^This process may have \d+ open files\. Raise the limit where it is started \(ulimit -n 1024 in a shell/);
  const module = new URL("../../../core/system/descriptors.js", import.meta.url).href;
  const script = `const { openSync } = await import("node:fs");
    const { descriptorHint, lacksDescriptors } = await import(${JSON.stringify(module)});
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    process.stdout.write(lacksDescriptors() + " " + descriptorHint());`;
  const args = ["-c", 'ulimit -n 60; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", script];
  t.regex(execFileSync("sh", args, { encoding: "utf8" }), /^true This process may have 60 open files\. /);
});
