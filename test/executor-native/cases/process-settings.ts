import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type RunOptions, SandboxRig, tree } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok } from "./case.js";

const REFUSED = "Operation not permitted";
const CORES = { ulimits: [{ name: "core", soft: 1024, hard: 4096 }] } as const;

/** Settings of a process, commands that look at them, and what these see. */
const SETTINGS: readonly (readonly [what: string, command: string, expected: string, options?: RunOptions])[] = [
  ["umask of root", "umask; touch /f; mkdir /d; stat -c %a /f /d", "0022 644 755"],
  ["umask of a user", "umask; touch /tmp/f; stat -c %a /tmp/f", "0022 644", { user: "www" }],
  ["points of oom_score_adj", "cat /proc/self/oom_score_adj", "300"],
  ["fewer of them than the builder has", "(echo -1 >/proc/self/oom_score_adj) 2>/dev/null || cat /proc/self/oom_score_adj", "300"],
  ["core files", "ulimit -Sc; ulimit -Hc", "0 0"],
  ["core files of a user", "ulimit -Sc; ulimit -Hc", "0 0", { user: "www" }],
  ["a higher limit of core files", "ulimit -Sc 1 2>&1; ulimit -Hc unlimited 2>&1; ulimit -Hc", `Invalid argument ${REFUSED} 0`],
  ["the same for a user", "ulimit -Hc unlimited 2>&1; ulimit -Hc", `${REFUSED} 0`, { user: "www" }],
  ["a crash", "cd /tmp; sh -c 'kill -SEGV $$' 2>/dev/null; echo $?; ls", "139"],
];

export const processSettings: readonly Case[] = [
  {
    name: "umask, oom_score_adj and core files are the same in every tier, and no step changes them for the worse",
    async run(rig) {
      for (const [what, command, expected, options] of SETTINGS) {
        const { exit, out, err } = await rig.run(command, options);
        const seen = out
          .replace(/^sh: error setting limit: /gm, "")
          .trim()
          .split("\n")
          .join(" ");
        assert.deepEqual([exit, seen], [ok, expected], `${what}: ${err}`);
      }
    },
  },
  {
    name: "core files that are asked for",
    differs: { supervised: "core dumps" },
    async run(rig) {
      const { exit, out, err } = await rig.run("ulimit -Sc; ulimit -Hc; ulimit -Hc unlimited; ulimit -Hc", CORES);
      assert.deepEqual([exit, out], [ok, "2\n8\n8\n"], err);
    },
  },
  {
    name: "no core file is in the layer of a step whose program crashed",
    async run(rig) {
      const { exit, upper } = await rig.run("cd /tmp; sh -c 'kill -ABRT $$' 2>/dev/null; echo kept >/tmp/f");
      assert.deepEqual([exit, tree(upper)], [ok, ["tmp/", "tmp/f"]]);
    },
  },
  {
    name: "a builder that is nearer to its end than its steps would be has them as near",
    async run() {
      const path = "/proc/self/oom_score_adj";
      const before = readFileSync(path, "utf8");
      writeFileSync(path, "500");
      let near: SandboxRig | undefined;
      try {
        near = await SandboxRig.open();
        assert.equal((await near.run("cat /proc/self/oom_score_adj")).out, "500\n");
      } finally {
        writeFileSync(path, before);
        await near?.close();
      }
    },
  },
];
