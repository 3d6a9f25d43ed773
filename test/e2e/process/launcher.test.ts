import { spawnSync, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { withThisNode } from "../../support/requires.js";
import { Rig } from "../../support/rigs/rig.js";
import { layoutRegistry } from "../../support/servers/layout-registry.js";

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

/** False for a Node that looks for its --env-file behind -- too. */
const endsOptions = spawnSync(process.execPath, ["--eval", "0", "--", "--env-file", "/nonexistent"]).status === 0;

withThisNode(endsOptions)("Node takes no options from a file of variables that is the command's", async (t) => {
  const rig = new Rig();
  try {
    const directory = rig.context("project", {
      "compose.yaml": "services: {a: {image: $A, build: .}}",
      "evil.cjs": 'console.error("evil ran");',
      variables: "NODE_OPTIONS=--require=./evil.cjs\nA=read\n",
    });
    const { NODE_OPTIONS: _, ...env } = process.env;
    const options = { cwd: directory, env: { ...env, PATH: `${dirname(process.execPath)}:${env["PATH"]}` }, encoding: "utf8" } as const;
    for (const command of [LAUNCHER, join(packageRoot(), "dist", "cli.js")]) {
      for (const flag of [["--env-file", "variables"], ["--env-file=variables"]]) {
        const { status, stdout, stderr } = spawnSync(command, ["compose", ...flag, "build", "--print"], options);
        t.is(status, 0, stderr);
        t.is(stderr, "");
        t.regex(stdout, /"read"/);
      }
      const { status, stderr } = spawnSync(command, ["compose", "--env-file", "missing", "build"], options);
      t.is(status, 2);
      t.regex(stderr, /^error\[compose\/no-file\]: Cannot read the file missing/);
    }
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

/** Lists on standard error what a run of the command has loaded. */
const LOADED = `process.on("exit", () => {
  const { packs, modules } = require(process.argv[1]);
  const packed = [...packs.values()].flatMap(({ names }) => names);
  // The first part is the only one that runs at every start, and in no scope with others.
  const alone = [...modules.keys()].filter((name) => !packed.includes(name) && name !== "main");
  const builtins = process.moduleLoadList.filter((name) => /^NativeModule /.test(name)).map((name) => name.slice(13));
  console.error("loaded " + JSON.stringify({ packs: [...packs.keys()], alone, builtins }));
});`;

/** Modules of Node that a build without changes does without; each takes up to two milliseconds. */
const LATE = ["child_process", "fs/promises", "worker_threads", "zlib", "tls", "https", "internal/blocklist"];

test("a page of help reads two packs, a build without changes two more, and neither anything besides", async (t) => {
  const rig = new Rig();
  try {
    const layout = rig.path("layout");
    const base = rig.context("base", { Dockerfile: "FROM scratch\nCOPY . /\n" });
    t.is((await rig.cli(["build", "-o", `type=oci,tar=false,dest=${layout}`, base])).code, 0);
    const registry = await layoutRegistry({ base: { directory: layout } });
    try {
      const hook = join(rig.context("hook", { "hook.cjs": LOADED }), "hook.cjs");
      const context = rig.context("context", {
        Dockerfile: `FROM ${registry.host}/base\nCOPY Dockerfile /\n`,
        "docker-bake.hcl": 'target "default" { output = ["type=cacheonly"] }\n',
      });
      const loaded = async (args: readonly string[], command = "build") => {
        const { code, stderr } = await rig.spawn(process.execPath, ["--require", hook, LAUNCHER, command, ...args], { cwd: context }).ended;
        t.is(code, 0, stderr);
        const { packs, alone, builtins } = JSON.parse(/^loaded (.*)$/m.exec(stderr)?.[1] ?? "") as Readonly<
          Record<string, readonly string[]>
        >;
        return { packs, alone, late: builtins?.filter((name) => LATE.includes(name)) };
      };
      t.deepEqual(await loaded([], "--help"), { packs: ["start"], alone: [], late: [] });
      t.deepEqual(await loaded(["--help"]), { packs: ["start", "flags"], alone: [], late: [] });
      t.deepEqual((await loaded(["--progress=plain", context])).packs?.toSorted(), ["build", "copy", "flags", "images", "start", "store"]);
      registry.log.length = 0;
      const again = await loaded(["--progress=plain", context]);
      t.deepEqual({ ...again, packs: again.packs?.toSorted() }, { packs: ["build", "flags", "start", "store"], alone: [], late: [] });
      t.deepEqual(registry.log, ["HEAD /v2/base/manifests/latest"]);
      await loaded([], "bake");
      t.deepEqual((await loaded([], "bake")).packs?.toSorted(), ["bake", "build", "flags", "start", "store"]);
      t.deepEqual((await loaded([], "images")).packs?.toSorted(), ["flags", "images", "start", "store"]);
    } finally {
      await registry.close();
    }
  } finally {
    await rig.dispose();
  }
});
