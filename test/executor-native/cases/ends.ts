import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import { probe } from "../../../executor-native/probe.js";
import { ownSleep, processesWith } from "../../support/rigs/sandbox-rig.js";
import { membersOf, wholeError } from "../../support/whole-error.js";
import { type Case, failsWith } from "./case.js";

/**
 * Makes directories whose path is longer than the 4,095 bytes that a system call takes, by
 * renaming.
 */
const DEEP = "p=$(printf 'deeeeep/%.0s' $(seq 300)); mkdir -p /a/$p /b/$p && mv /b /a/$p";

/**
 * Ends of steps: abort, several at once, removal of their files. Also the tasks of the connection.
 */
export const ends: readonly Case[] = [
  {
    name: "abort kills every process and then rejects",
    run: async (rig) => {
      const abort = new AbortController();
      const time = ownSleep(98762);
      const command = `trap '' TERM INT HUP; (trap '' TERM; sleep ${time}) & setsid sleep ${time} & echo up; while true; do sleep ${time}; done`;
      const running = rig.run(command, { signal: abort.signal, onOutput: () => abort.abort() });
      await assert.rejects(running, CanceledError);
      assert.deepEqual(processesWith(time), []);
      await assert.rejects(rig.run("true", { signal: abort.signal }), CanceledError);
    },
  },
  {
    name: "abort while the command floods its output",
    run: async (rig) => {
      const abort = new AbortController();
      let size = 0;
      const word = ownSleep(98763);
      const running = rig.run(`yes ${word}`, {
        signal: abort.signal,
        onOutput: (_stream, data) => {
          size += data.length;
          if (size > 1 << 22) abort.abort();
        },
      });
      await assert.rejects(running, CanceledError);
      assert.deepEqual(processesWith(word), []);
    },
  },
  {
    name: "a reader of output that fails ends the command with its error; any other answer of it is none",
    run: async (rig) => {
      const time = ownSleep(98765);
      const failure = new Error("the reader failed");
      const readers: readonly (() => void | Promise<void>)[] = [
        () => {
          throw failure;
        },
        () => Promise.reject(failure),
      ];
      for (const onOutput of readers) {
        await assert.rejects(rig.run(`echo up; sleep ${time}`, { onOutput }), failure);
        assert.deepEqual(processesWith(time), []);
      }
      await assert.rejects(rig.run("echo up", { onOutput: readers[0] as () => void }), failure);
      const answered = await rig.run("echo up", { onOutput: (() => true) as unknown as () => void });
      assert.deepEqual(answered.exit, { code: 0 });
    },
  },
  {
    name: "an abort reason that is an error of ours is what rejects",
    run: async (rig) => {
      const abort = new AbortController();
      const reason = new TsbuildError("test/reason", "Another step failed");
      const running = rig.run("echo up; sleep 98764", { signal: abort.signal, onOutput: () => abort.abort(reason) });
      await assert.rejects(running, reason);
    },
  },
  {
    name: "twelve at once",
    run: async (rig) => {
      const ran = await Promise.all(Array.from({ length: 12 }, (_, i) => rig.run(`echo ${i} > /f; cat /f; exit ${i}`)));
      assert.deepEqual(
        ran.map(({ exit, out }) => [exit, out]),
        ran.map((_, i) => [{ code: i }, `${i}\n`]),
      );
    },
  },
  {
    name: "trees of other owners without permissions are removed",
    run: async (rig) => {
      const { upper, exit } = await rig.run(
        `mkdir -p /d/e/f && touch /d/e/f/g && chown -R 1234:4321 /d && chmod 000 /d/e/f /d/e /d; ${DEEP}; exit 3`,
      );
      assert.deepEqual(exit, { code: 3 });
      await rig.worker.remove([upper, join(rig.base, "never-was")]);
      assert.ok(!existsSync(upper));
    },
  },
  {
    name: "a step that made a path longer than the system takes fails, unless it failed already",
    run: async (rig) => {
      await assert.rejects(rig.run(DEEP), {
        code: "exec/path-too-long",
        message: /^Cannot keep what the step made: the path "a\/deeeeep\/deeeeep/,
      });
      assert.deepEqual((await rig.run(`${DEEP}; false`)).exit, { code: 1 });
    },
  },
];

/** The connection itself. */
export const connection: readonly Case[] = [
  {
    name: "tasks: results, progress, errors, abort, a runner for the others",
    run: async ({ tier, worker }) => {
      assert.deepEqual(await worker.task("echo", { a: [1, "x", new Uint8Array([1, 2])], m: new Map([[1, 2n]]) }), {
        a: [1, "x", new Uint8Array([1, 2])],
        m: new Map([[1, 2n]]),
      });
      assert.equal((await worker.task<{ uid: number }>("ids", undefined)).uid, tier === "namespaces" ? 0 : process.geteuid?.());
      const seen: unknown[] = [];
      assert.equal(await worker.task("count", { to: 3 }, { onProgress: (value) => seen.push(value) }), 3);
      assert.deepEqual(seen, [1, 2, 3]);
      const error = await failsWith("test/failed", worker.task("fail", { kind: "user" }));
      assert.deepEqual(membersOf(error), membersOf(wholeError("test/failed")));
      const system = { code: "ENOENT", errno: -2, syscall: "open", path: "/nonexistent" };
      await assert.rejects(worker.task("fail", { kind: "system" }), system);
      const abort = new AbortController();
      const waiting = worker.task("wait", undefined, { signal: abort.signal });
      abort.abort();
      await assert.rejects(waiting, CanceledError);
      assert.deepEqual(await worker.task("other", 1), { name: "other", params: 1, elsewhere: true });
    },
  },
  {
    name: "no id range, no tool, a broken temporary directory: each has its own error",
    run: async (rig) => {
      const empty = mkdtempSync(join(tmpdir(), "tsbuild-empty-"));
      execFileSync("rm", ["-r", empty]);
      const report = probe(empty);
      assert.ok(!report.ok);
      assert.match(report.features.at(-1)?.problem ?? "", /no such file|user namespace/i);
      if (rig.tier !== "namespaces") return;
      const { features, ok: works, maps } = probe();
      assert.deepEqual(
        features.filter((feature) => !feature.ok),
        [],
      );
      assert.ok(works);
      const ids = features.find(({ name }) => name === "id-maps");
      assert.deepEqual(
        [maps?.mode === "own", /owners are virtual/.test(ids?.problem ?? ""), ids?.hint !== undefined],
        Array(3).fill(rig.virtual),
      );
    },
  },
];
