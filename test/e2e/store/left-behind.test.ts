import { readdirSync } from "node:fs";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";

// Leftovers of a killed command beside a destination, in a directory that is also the context: no
// later build packs them, and the next one that writes there removes them.

const { serial, host } = busyboxSuite();

const OUTPUTS: Readonly<Record<string, (context: string) => readonly string[]>> = {
  "an archive": (context) => ["-o", `type=oci,dest=${context}/out.tar`],
  "a directory of files that is there": (context) => ["-o", `type=local,dest=${context}/out`],
  "a new directory of files": (context) => ["-o", `type=local,dest=${context}/new`],
  "an OCI layout": (context) => ["-o", `type=oci,tar=false,dest=${context}/layout`],
  "a cache": (context) => ["--cache-to", `type=local,mode=max,dest=${context}/cache`],
};

const unfinished = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => /\.[^/]*tsbuild-[^/]*$/.test(name));

for (const [what, output] of Object.entries(OUTPUTS)) {
  serial(`${what} that was being written when the command was killed`, (t) =>
    withRig(async (rig) => {
      const context = rig.context("context", {
        Dockerfile: "ARG REGISTRY=localhost\nFROM $REGISTRY/busybox\nCOPY . /c\n",
        ".dockerignore": "out*\nnew\nlayout\ncache\n",
        "out/": "",
        file: "text",
      });
      const args = (...flags: readonly string[]) => ["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, ...flags, context];
      const id = (await rig.cli(args())).stdout.toString();
      t.regex(id, /^sha256:/);
      // Ends the command as kill -9 does, at the moment when the first temporary file or directory
      // exists.
      const hook = `const fs = require("node:fs");
for (const name of ["openSync", "mkdirSync"]) {
  const call = fs[name];
  fs[name] = (...args) => {
    const result = call(...args);
    const path = String(args[0]);
    if (path.startsWith(${JSON.stringify(context)}) && /tsbuild-[0-9a-f]{8}-/.test(path)) process.kill(process.pid, "SIGKILL");
    return result;
  };
}
require("node:module").syncBuiltinESMExports();
`;
      rig.context("hook", { "hook.cjs": hook });
      const killed = await rig.cli(args(...output(context)), { env: { NODE_OPTIONS: `--require=${rig.path("hook", "hook.cjs")}` } });
      t.is(killed.code, undefined, killed.stderr);
      t.is(unfinished(context).length, 1);
      t.is((await rig.cli(args())).stdout.toString(), id, "it is no part of the context");
      const again = await rig.cli(args(...output(context)));
      t.is(again.code, 0, again.stderr);
      t.deepEqual(unfinished(context), []);
    }),
  );
}

serial("a store in the context is no part of it", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: "ARG REGISTRY=localhost\nFROM $REGISTRY/busybox\nCOPY . /c\nRUN find /c -type f | sort\n",
      file: "text",
    });
    for (const round of [1, 2]) {
      const { code, stderr } = await rig.cli(["build", "--progress=plain", "--no-cache", `--build-arg=REGISTRY=${host()}`, context], {
        env: { TSBUILD_ROOT: `${context}/.cache/tsbuild` },
      });
      t.is(code, 0, stderr);
      const found = stderr.split("\n").flatMap((line) => /^#\d+ \d+\.\d+ (\/c.*)$/.exec(line)?.[1] ?? []);
      t.deepEqual(found, ["/c/Dockerfile", "/c/file"], `round ${round}`);
    }
  }),
);
