import test from "ava";
import type { TransferLayer, TransferResult } from "../../cache/remote/content.js";
import type { CacheKey } from "../../core/cache-key.js";
import { sha256 } from "../../core/digest.js";
import { mediaTypes } from "../../oci/media-types.js";
import type { SolvedVertex } from "../../solver/engine/op.js";
import { solve } from "../../solver/engine/solve.js";
import { stepsWithin, storedSteps } from "../../solver/exported-results.js";
import { ImportedResults } from "../../solver/imported-results.js";
import { key, layerBlob, open } from "../cache/support.js";
import { FakeCache, Ops, type Text } from "./engine/fakes.js";

const ELSEWHERE = 'cache:{"src":"/cache","type":"local"}';

function remote(text: string): TransferLayer {
  return {
    diffId: sha256(`diff ${text}`),
    blob: { mediaType: mediaTypes.ociLayerGzip, digest: sha256(text), size: text.length },
    createdAt: 1_700_000_000_000,
  };
}

function imported(primary: string, others: readonly string[], layers: readonly TransferLayer[]): TransferResult {
  return { keys: [key(primary), ...others.map(key)], name: `RUN ${primary}`, createdAt: 1_700_000_000_001, layers };
}

function importing(store: ReturnType<typeof open>, ...results: readonly TransferResult[]) {
  const asked: string[] = [];
  const all = new ImportedResults(store, (wanted) => {
    asked.push(wanted);
    const result = results.find(({ keys }) => keys.includes(wanted));
    return result && { result, from: { origin: ELSEWHERE, name: "elsewhere" } };
  });
  return { all, asked };
}

test("a result that another machine made becomes one of the store, under all its keys, with its times", (t) => {
  const store = open(t.teardown);
  const { all, asked } = importing(store, imported("b", ["b by definition"], [remote("one"), remote("two")]));
  const found = all.lookup(key("b by definition"));
  t.like(found, { primaryKey: key("b"), name: "RUN b", createdAt: 1_700_000_000_001 });
  const layers = (found?.layers ?? []).map((id) => store.layers.get(id));
  t.like(layers[0], { diffId: sha256("diff one"), origin: ELSEWHERE, createdAt: 1_700_000_000_000, unpacked: false });
  t.like(layers[1], { diffId: sha256("diff two"), blob: remote("two").blob });
  t.is(store.results.lookup(key("b"))?.id, found?.id);
  t.is(all.lookup(key("b"))?.id, found?.id);
  t.deepEqual(asked, [key("b by definition")], "what the store has is not asked for");
  t.is(all.lookup(key("unknown")), undefined);
  t.deepEqual(store.gc.verify(), []);
});

test("what the store has stays: its results under their keys, and its layers as they are", (t) => {
  const store = open(t.teardown);
  const own = store.layers.addPacked(layerBlob(store, "own"), "uncompressed");
  const younger = store.results.save({ keys: [key("younger"), key("shared")], layers: [own.id], name: "RUN younger", components: "{}" });
  const base = store.layers.addRemote({
    diffId: sha256("diff base"),
    blob: { ...remote("base").blob, digest: sha256("base as pulled") },
    origin: "r/base:1",
  });
  const recompressed = { ...remote("own elsewhere"), diffId: own.diffId ?? sha256("") };
  const { all } = importing(store, imported("c", ["shared"], [remote("base"), recompressed]));
  t.deepEqual(all.lookup(key("c"))?.layers, [base.id, own.id]);
  t.is(all.lookup(key("shared"))?.id, younger.id);
  t.like(store.layers.get(base.id), { origin: "r/base:1", blob: base.blob });
  t.like(store.layers.get(own.id), { blob: own.blob });
});

test("an origin that is gone: what can be had in no other way is forgotten, the rest stays", (t) => {
  const store = open(t.teardown);
  const here = layerBlob(store, "here");
  const { all } = importing(
    store,
    imported("x", [], [remote("one"), remote("two")]),
    imported("y", [], [{ diffId: here.diffId, blob: here, createdAt: 1 }]),
  );
  t.truthy(all.lookup(key("x")));
  t.truthy(all.lookup(key("y")));
  store.layers.forgetOrigin(ELSEWHERE);
  t.is(store.results.lookup(key("x")), undefined);
  t.truthy(store.results.lookup(key("y")), "its bytes are here");
  t.deepEqual(store.gc.verify(), []);
});

test("the engine reports what it found out: results with primary and definition keys, and keys of what nobody asked for", async (t) => {
  const cache = new FakeCache();
  const graph = (ops: Ops) => {
    const base = ops.vertex("base", { immediate: true });
    const a = ops.vertex("a", { inputs: [base] });
    const part = ops.vertex("part", { inputs: [a], select: { 0: () => "same" } });
    return ops.vertex("top", { inputs: [part] });
  };
  const jobs = { run: 2, io: 2 };
  const { signal } = new AbortController();
  const reported: (readonly SolvedVertex<Text>[])[] = [];
  const onSolved = (vertices: readonly SolvedVertex<Text>[]) => void reported.push(vertices);
  await solve([graph(new Ops())], { cache, jobs, signal, onEvent: () => undefined, onSolved });
  await solve([graph(new Ops())], { cache, jobs, signal, onEvent: () => undefined, onSolved });
  const [first = [], second = []] = reported;
  t.deepEqual(
    first.map(({ vertex, result, keys }) => [vertex.name, result, keys.length]),
    [
      ["a", "a(base())", 1],
      ["part", "part(a(base()))", 2],
      ["top", "top(part(a(base())))", 2],
    ],
  );
  t.deepEqual(
    second.map(({ vertex, result }) => [vertex.name, result]),
    [
      ["a", undefined],
      ["part", undefined],
      ["top", "top(part(a(base())))"],
    ],
  );
  t.deepEqual(second[2]?.keys, first[2]?.keys);
  t.deepEqual(second[1]?.keys, first[1]?.keys.slice(1), "only its definition key");
});

test("other caches are brought in only when a target is not found, and what they bring is found", async (t) => {
  const cache = new FakeCache();
  const known = new FakeCache();
  const ops = new Ops();
  const graph = () => ops.vertex("top", { inputs: [ops.vertex("a")] });
  const options = { jobs: { run: 2, io: 2 }, signal: new AbortController().signal, onEvent: () => undefined };
  let extended = 0;
  const extend = async () => {
    extended++;
    for (const [name, stored] of known.keys) cache.keys.set(name, stored);
  };
  await solve([graph()], { ...options, cache: known });
  t.is(ops.take(), "a top");
  await solve([graph()], { ...options, cache, extend });
  t.deepEqual([ops.take(), extended], ["", 1]);
  await solve([graph()], { ...options, cache, extend });
  t.deepEqual([ops.take(), extended], ["", 1]);
  const fails = () => Promise.reject(new Error("gone"));
  await t.throwsAsync(solve([ops.vertex("new")], { ...options, cache, extend: fails }), { message: "gone" });
  t.is(ops.take(), "");
});

test("what a cache gets: results that were made or are stored, each once by its primary key; min only what the image is made of", (t) => {
  const store = open(t.teardown);
  const save = (name: string, ...texts: readonly string[]) => {
    const layers = texts.map((text) => store.layers.addPacked(layerBlob(store, text), "uncompressed").id);
    store.results.save({ keys: [key(name), key(`${name} by definition`)], layers, name, components: "{}" });
    return layers;
  };
  const a = save("a", "base", "a");
  const ab = save("ab", "base", "a", "b");
  save("side", "base", "side");
  const solved = (name: string, ...keys: readonly string[]) =>
    ({ vertex: { name }, result: undefined, keys: keys.map(key) }) as unknown as SolvedVertex<never>;
  const steps = storedSteps(
    [solved("RUN a", "a by definition"), solved("RUN b", "ab"), solved("RUN side", "side", "side by definition"), solved("RUN new", "new")],
    store.results,
  );
  t.deepEqual(
    steps.map(({ name, keys, stack }) => [name, keys, stack.length]),
    [
      ["RUN a", [key("a"), key("a by definition")], 2],
      ["RUN b", [key("ab")], 3],
      ["RUN side", [key("side"), key("side by definition")], 2],
    ],
  );
  t.deepEqual(
    stepsWithin(steps, [ab]).map(({ name }) => name),
    ["RUN a", "RUN b"],
  );
  t.deepEqual(
    stepsWithin(steps, [a]).map(({ name }) => name),
    ["RUN a"],
  );

  const asked: string[] = [];
  const elsewhere = (wanted: CacheKey, id: string) => {
    asked.push(`${id} ${wanted}`);
    return store.results.lookup(key("side"));
  };
  const known = { ...solved("RUN known", "known"), vertex: { name: "RUN known", id: "known id" } } as unknown as SolvedVertex<never>;
  const passedOn = storedSteps([solved("RUN a", "a"), known], store.results, elsewhere);
  t.deepEqual(asked, [`known id ${key("known")}`], "only what the store does not have is looked for elsewhere");
  t.deepEqual(
    passedOn.map(({ id, keys }) => [id, keys]),
    [
      [undefined, [key("a")]],
      ["known id", [key("side"), key("known")]],
    ],
  );
});
