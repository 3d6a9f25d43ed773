import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { Rig } from "../support/rig.js";

const LAUNCHER = join(packageRoot(), "dist", "cli.cjs");

test("the command has threads for every processor to compress with, unless told how many", async (t) => {
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
