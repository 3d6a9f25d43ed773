import test from "ava";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../cache/open-store.js";
import { cacheKey } from "../../core/cache-key.js";
import type { LayerId } from "../../cache/contract/layers.js";
import type { Lock } from "../../cache/contract/locks.js";
import type { ResultIndex, ResultRecord } from "../../cache/contract/results.js";
import { type ResultStore, storeCache } from "../../solver/cache-adapter.js";

/** Fakes the part of the store that the adapter uses, in memory. */
function fakeStore() {
  const keys = new Map<string, ResultRecord>();
  const locked: string[] = [];
  let ids = 0;
  const put = (entry: Parameters<ResultIndex["save"]>[0], keep: boolean) => {
    const old = keep ? keys.get(entry.keys[0]) : undefined;
    const record = old ?? { ...entry, id: ++ids, primaryKey: entry.keys[0], createdAt: 0, build: entry.build, imported: false };
    for (const key of entry.keys) keys.set(key, record);
    return record;
  };
  const results: ResultIndex = {
    lookup: (key) => keys.get(key),
    expect: () => undefined,
    save: (entry) => put(entry, true),
    replace: (entry) => put(entry, false),
    steps: () => [...new Map([...keys.values()].map((record) => [record.id, record])).values()],
    recentSteps: () => [],
    peek: (key) => keys.get(key),
    get: (id) => [...keys.values()].find((record) => record.id === id),
    alias: (id, key) => {
      const record = [...keys.values()].find((candidate) => candidate.id === id);
      if (record) keys.set(key, record);
    },
  };
  const store: ResultStore = {
    results,
    locks: {
      acquire: async (name, options): Promise<Lock> => {
        if (locked.length > 0) options?.onWait?.(undefined);
        locked.push(name);
        return { release: () => locked.splice(locked.indexOf(name), 1) };
      },
    },
  };
  return { store, keys, locked };
}

const [one, two, three] = ["one", "two", "three"].map((name) => cacheKey(name, [])) as [
  ReturnType<typeof cacheKey>,
  ReturnType<typeof cacheKey>,
  ReturnType<typeof cacheKey>,
];
const layers = (...ids: string[]) => ({ kind: "layers" as const, layers: ids as LayerId[] });
const components = { identity: '{"kind":"file"}', inputs: [{ name: "base", key: "k" }] };

test("results are found as stacks of layers under every key, aliases included", (t) => {
  const { store, keys } = fakeStore();
  const cache = storeCache(store);
  const saved = cache.save({ id: "v", result: layers("l1", "l2"), keys: [one, two], name: "[1/2] COPY", components, replace: false });
  t.deepEqual(saved, { result: layers("l1", "l2"), primaryKey: one, createdAt: 0 });
  const hit = cache.lookup(two, "v");
  t.deepEqual(hit, saved);
  if (hit) cache.alias(hit, three);
  t.is(cache.lookup(three, "v")?.primaryKey, one);
  t.deepEqual(JSON.parse(keys.get(one)?.components ?? ""), components);
  t.is(keys.get(one)?.name, "[1/2] COPY");
});

test("over the real store: found under every key, an alias takes its key over, a replaced result is forgotten", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-adapter-"));
  try {
    const store = openStore({ root });
    try {
      const cache = storeCache(store);
      const layer = () => {
        const active = store.layers.prepare();
        mkdirSync(active.fs, { recursive: true });
        return layers(active.commitSnapshot().id);
      };
      const [a, b, c] = [layer(), layer(), layer()];
      cache.save({ id: "v", result: a, keys: [one, two], name: "a", components, replace: false });
      cache.save({ id: "v", result: b, keys: [three], name: "b", components, replace: false });
      t.like(cache.lookup(two, "v"), { result: a, primaryKey: one });
      const hit = cache.lookup(three, "v");
      if (hit) cache.alias(hit, two);
      t.like(cache.lookup(two, "v"), { result: b, primaryKey: three });
      t.deepEqual(cache.save({ id: "v", result: c, keys: [one], name: "c", components, replace: false }).result, a);
      t.deepEqual(cache.save({ id: "v", result: c, keys: [cacheKey("new", []), one], name: "c", components, replace: true }).result, c);
      t.deepEqual(cache.lookup(one, "v")?.result, c);
      let waited = 0;
      const order: string[] = [];
      const options = { signal: new AbortController().signal, onWait: () => waited++ };
      const turn = (name: string) =>
        cache.exclusive(one, options, async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`${name} out`);
        });
      await Promise.all([turn("x"), turn("y")]);
      t.deepEqual(order, ["x in", "x out", "y in", "y out"]);
      t.is(waited, 1);
    } finally {
      store.close();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("what is noted goes into the record, which is known for everything that was given", (t) => {
  const { store } = fakeStore();
  const saved: unknown[] = [];
  const cache = storeCache(store, { notes: (id) => ({ build: "b1", origin: `here ${id}` }), onSaved: (given) => saved.push(given) });
  const hit = cache.save({ id: "v", result: layers("l1"), keys: [one], name: "RUN", components, replace: false });
  t.like(cache.record(hit), { id: 1, build: "b1", origin: "here v" });
  t.deepEqual(saved, [components]);
  t.is(cache.record({ ...hit }), undefined);
});

test("an equal result that is there already stays, unless it is replaced", (t) => {
  const cache = storeCache(fakeStore().store);
  cache.save({ id: "v", result: layers("old"), keys: [one], name: "", components, replace: false });
  t.deepEqual(cache.save({ id: "v", result: layers("new"), keys: [one], name: "", components, replace: false }).result, layers("old"));
  t.deepEqual(cache.save({ id: "v", result: layers("new"), keys: [two, one], name: "", components, replace: true }).result, layers("new"));
  t.is(cache.lookup(one, "v")?.primaryKey, two);
});

test("a local directory cannot be kept, and an alias needs a result of this cache", (t) => {
  const cache = storeCache(fakeStore().store);
  const tree = { kind: "tree" as const, name: "context", tree: {} as never };
  t.throws(() => cache.save({ id: "v", result: tree, keys: [one], name: "", components, replace: false }), {
    message: /^internal: "context"/,
  });
  t.throws(() => cache.alias({ result: layers(), primaryKey: one, createdAt: 0 }, two), { message: /^internal:/ });
});

test("the lock is given back whatever happens to the body", async (t) => {
  const { store, locked } = fakeStore();
  const cache = storeCache(store);
  const options = { signal: new AbortController().signal, onWait: () => t.fail() };
  t.is(await cache.exclusive(one, options, async () => (t.deepEqual(locked, [`result/${one}`]), 7)), 7);
  await t.throwsAsync(
    cache.exclusive(one, options, async () => {
      throw new Error("body");
    }),
    { message: "body" },
  );
  t.deepEqual(locked, []);
});
