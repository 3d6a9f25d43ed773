import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openImageStore } from "../../../api/index.js";
import { requires, withThisNode } from "../../support/requires.js";
import { removeTree } from "../../support/remove-tree.js";

const PROGRAM = fileURLToPath(new URL("threads-program.js", import.meta.url));

/**
 * Without it the store's index uses @photostructure/sqlite, which ends the process when its thread
 * is terminated during a call.
 */
const hasNodeSqlite = isBuiltin("node:sqlite");

const CASES = [
  { title: "threads that are terminated after their build leave the process and the store as they are", when: "built", test: requires() },
  { title: "threads that are terminated after an abort leave the process and the store as they are", when: "aborted", test: requires() },
  {
    title: "threads that are terminated in the middle of a build leave the process and the store as they are",
    when: "under way",
    test: withThisNode(hasNodeSqlite),
  },
] as const;

for (const { title, when, test } of CASES) {
  test.serial(title, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-threads-"));
    t.teardown(() => removeTree(directory));
    const context = join(directory, "context");
    mkdirSync(context);
    writeFileSync(join(context, "file"), "content");
    const root = join(directory, "store");
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ root, context, when, threads: 4 })], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
    const code = await new Promise((resolve) => child.once("close", (status, signal) => resolve(signal ?? status)));
    const text = Buffer.concat(said).toString("utf8");
    t.deepEqual([code, text], [0, "alive\n"]);
    using store = await openImageStore({ root });
    t.deepEqual(await store.verify(), []);
  });
}
