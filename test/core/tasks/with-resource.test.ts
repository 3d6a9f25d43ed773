import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { withResource } from "../../../core/tasks/with-resource.js";

const failing = (message: string) => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error(message)) });

test("withResource() gives what the body gives, after disposing", async (t) => {
  const log: string[] = [];
  const async = { [Symbol.asyncDispose]: async () => void log.push("async") };
  const sync = { [Symbol.dispose]: () => void log.push("sync") };
  t.is(await withResource(async, () => Promise.resolve(1)), 1);
  t.is(await withResource(sync, () => Promise.resolve(log.length)), 1);
  t.deepEqual(log, ["async", "sync"]);
});

test("withResource() throws the body's error, also when disposing fails after it, and disposing's when the body ended well", async (t) => {
  const body = new Error("the cause");
  await t.throwsAsync(
    withResource(failing("what followed"), () => Promise.reject(body)),
    { is: body },
  );
  await t.throwsAsync(
    withResource(failing("what followed"), () => Promise.resolve()),
    { message: "what followed" },
  );
});

test("nothing is declared with `using`, whose error for two failures says nothing of either", (t) => {
  const folders = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];
  for (const folder of folders) {
    for (const name of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const text = readFileSync(join(packageRoot(), folder, name), "utf8");
      t.notRegex(text, /^\s*(await )?using \w+ =/m, `${folder}/${name}`);
    }
  }
});
