import test from "ava";
import { loadAst } from "../../../api/sources/ast-cache.js";
import type { Store } from "../../../cache/store.js";

test("a Dockerfile is parsed once per store, and read from the store once per process", async (t) => {
  const kept = new Map<string, Buffer>();
  const log: string[] = [];
  const memo = {
    get(_kind: string, key: string) {
      log.push("get");
      return kept.get(key);
    },
    set(_kind: string, key: string, value: string) {
      log.push("set");
      kept.set(key, Buffer.from(value));
    },
  };
  const store = { memo } as unknown as Store;
  const file = { text: `FROM scratch\nLABEL once=${process.pid}\n`, name: "Dockerfile", path: undefined };
  const first = await loadAst(file, store);
  t.deepEqual(log, ["get", "set"]);
  t.is(await loadAst(file, store), first);
  t.deepEqual(log, ["get", "set"]);
  const other = await loadAst({ ...file, text: `${file.text}CMD a\n` }, store);
  t.not(other, first);
  t.is(kept.size, 2);
  // Its tree is some twenty times as large as the text.
  await loadAst({ ...file, text: file.text + "LABEL a=b\n".repeat(30_000) }, store);
  t.is(kept.size, 2);
  t.deepEqual(log, ["get", "set", "get", "set"]);
});
