import { spawnSync, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { Rig } from "../../support/rigs/rig.js";

const LAUNCHER = join(packageRoot(), "dist", "cli.cjs");

test("the command has threads for every processor to compress with, unless a number is set", async (t) => {
  const rig = new Rig();
  try {
    const directory = rig.context("hook", {
      "hook.cjs": `process.on("exit", () => console.error("threads", process.env.UV_THREADPOOL_SIZE));`,
    });
    const threads = (given?: string) => {
      const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
      const { stderr } = spawnSync(process.execPath, ["--require", join(directory, "hook.cjs"), LAUNCHER, "--version"], {
        env: { ...env, ...(given === undefined ? {} : { UV_THREADPOOL_SIZE: given }) },
        encoding: "utf8",
      });
      return /threads (\S+)/.exec(stderr)?.[1];
    };
    t.is(threads(), String(Math.max(4, availableParallelism() + 2)));
    t.is(threads("3"), "3");
  } finally {
    await rig.dispose();
  }
});

test("a standard output that takes nothing is an error without a stack trace, a standard error that takes nothing changes no exit code", async (t) => {
  const rig = new Rig();
  const full = openSync("/dev/full", "w");
  try {
    const good = rig.context("good", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
    const bad = rig.context("bad", { Dockerfile: "FROM scratch\nCOPY missing /\n" });
    const run = (args: readonly string[], stdio: StdioOptions) =>
      spawnSync(process.execPath, [LAUNCHER, "build", ...args], {
        env: { ...process.env, TSBUILD_ROOT: rig.store },
        stdio,
        encoding: "utf8",
      });
    for (const args of [["-q"], ["-q", "-o", "-"], ["-q", "-o", "type=oci,dest=-"]]) {
      const { status, stderr } = run([...args, good], ["ignore", full, "pipe"]);
      t.is(status, 1, args.join(" "));
      t.regex(stderr, /^error\[(cli|export)\/write-failed\]: .*(ENOSPC|no space is left)/);
      t.notRegex(stderr, /\n {4}at /);
    }
    t.is(run([good], ["ignore", "pipe", full]).status, 0);
    t.is(run([bad], ["ignore", "pipe", full]).status, 1);
    // A pipe whose reader has gone: a shell gives one that nobody reads.
    const script = `exec 3> >(exec true); wait $!; exec "$0" "$@" 2>&3`;
    const piped = (context: string) =>
      spawnSync("bash", ["-c", script, process.execPath, LAUNCHER, "build", context], { env: { ...process.env, TSBUILD_ROOT: rig.store } })
        .status;
    t.is(piped(good), 0);
    t.is(piped(bad), 1);
  } finally {
    closeSync(full);
    await rig.dispose();
  }
});
