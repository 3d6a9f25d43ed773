import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { sha256 } from "../../../core/digest.js";
import { DEFINITION } from "../../../llb/wire/definition.js";
import { encode, type ValueOf } from "../../../llb/wire/message.js";
import { OP } from "../../../llb/wire/operations.js";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";

// Graphs of BuildKit's clients in which the result of a command is what it left in a mount.

const { serial, host } = busyboxSuite();

type OpMessage = ValueOf<typeof OP>;

/** Writes `old` to a file; a command changes it and mounts inside of it. */
function definitionOf(result: number, alsoUsed: readonly number[]): Uint8Array {
  const def: Uint8Array[] = [];
  const add = (op: OpMessage): string => {
    const bytes = encode(OP, op);
    def.push(bytes);
    return sha256(bytes);
  };
  const image = add({ source: { identifier: `docker-image://${host()}/busybox:latest` } });
  const old = add({
    file: { actions: [{ input: -1, output: 0, mkfile: { path: "/old", mode: 0o640, data: Buffer.from("old"), timestamp: -1 } }] },
  });
  const command =
    "cat /work/old >/work/new; rm /work/old; mkdir /work/empty; echo inner >/work/in/inner; echo root >/made; ls -a /etc/hidden >/work/seen";
  const made = add({
    inputs: [{ digest: image }, { digest: old }],
    exec: {
      meta: { args: ["sh", "-c", command], cwd: "/", env: ["PATH=/bin"] },
      mounts: [
        { input: 0, dest: "/", output: 0 },
        { input: 1, dest: "/work", output: 1 },
        { input: -1, dest: "/work/in", output: 2 },
        { input: -1, dest: "/etc", output: 3 },
        { input: 1, dest: "/etc/hidden", output: 4 },
      ],
    },
  });
  const paths = alsoUsed.map((index) =>
    add({
      inputs: [{ digest: made, index }],
      file: { actions: [{ input: 0, output: 0, mkdir: { path: "/x", mode: 0o755, timestamp: -1 } }] },
    }),
  );
  add({ inputs: [{ digest: made, index: result }, ...paths.map((digest) => ({ digest }))], merge: { inputs: [{ input: 0 }] } });
  add({ inputs: [{ digest: sha256(def.at(-1) as Uint8Array) }] });
  return encode(DEFINITION, { def });
}

/** Results by their numbers, other numbers that are used too, and the files that the result has. */
const RESULTS: readonly (readonly [result: number, alsoUsed: readonly number[], files: string])[] = [
  [1, [], "empty new:old seen:.,..,old"],
  [1, [2, 3], "empty in new:old seen:.,..,old"],
  [2, [], "inner:inner"],
  [2, [1], "inner:inner"],
];

for (const [result, alsoUsed, files] of RESULTS) {
  serial(`the mount ${result} of a command is a result${alsoUsed.length > 0 ? `, beside ${alsoUsed.join(" and ")}` : ""}`, (t) =>
    withRig(async (rig) => {
      writeFileSync(rig.path("definition"), definitionOf(result, alsoUsed));
      const { code, stderr } = await rig.cli(["build", "--llb", rig.path("definition"), "-o", rig.path("out")]);
      t.is(code, 0, stderr);
      const list =
        'for f in *; do if [ -f "$f" ]; then echo "$f:$(tr "\\n" , <"$f" | sed "s/,$//")"; else echo "$f"; fi; done | tr "\\n" " "';
      t.is(execFileSync("sh", ["-c", list], { cwd: rig.path("out"), encoding: "utf8" }).trim(), files);
    }),
  );
}

serial("the root filesystem after a command with results in mounts has what it had at their places", (t) =>
  withRig(async (rig) => {
    writeFileSync(rig.path("definition"), definitionOf(0, [1, 3]));
    const { code, stderr } = await rig.cli(["build", "--llb", rig.path("definition"), "-o", rig.path("out")]);
    t.is(code, 0, stderr);
    const list = "cat made; ls etc | tr '\\n' ' '; ls -A work; head -1 etc/passwd";
    t.is(
      execFileSync("sh", ["-c", list], { cwd: rig.path("out"), encoding: "utf8" }),
      "root\ngroup passwd root:x:0:0:root:/root:/bin/sh\n",
    );
  }),
);
