import test from "ava";
import { type Stack, stackOn } from "../../../cache/contract/stacks.js";
import { sha256 } from "../../../core/digest.js";
import type { Toc } from "../../../oci/layer/model/toc.js";
import { LayerService } from "../../../solver/layers/layer-service.js";
import type { LayerTaskRunner } from "../../../solver/layers/ports.js";
import { layerBlob } from "../../cache/support.js";
import { testStore } from "../../support/images/images.js";

const REPORTER = { signal: new AbortController().signal, progress: () => undefined };

function fileToc(name: string): Toc {
  const entry = {
    path: name,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1,
    mtime: { sec: 0, nsec: 0 },
    digest: sha256(name),
  } as const;
  return { version: 1, diffId: sha256(`diff ${name}`), size: 1024, entries: [entry], whiteouts: [] };
}

test("a step on many steps asks for the table of contents of its own layer only", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  const asked: string[] = [];
  const layers = new Proxy(store.layers, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        if (name === "toc") asked.push(String(given[0]));
        return Reflect.apply(member, target, given) as unknown;
      };
    },
  });
  const service = new LayerService({
    store: { ...store, layers },
    tasks: {} as LayerTaskRunner,
    fetchBlob: () => (async function* () {})(),
  });
  let stack: Stack = [];
  for (let i = 0; i < 100; i++) {
    const blob = { ...layerBlob(store, `${i}`), diffId: sha256(`diff f${i}`), toc: fileToc(`f${i}`) };
    stack = stackOn(stack, store.layers.addPacked(blob, "gzip").id);
    const view = await service.view(stack, REPORTER);
    t.is(view.children("").length, i + 1);
  }
  t.is(asked.length, 100);
  // Another step on the same stack, and the same stack again.
  const other = { ...layerBlob(store, "other"), diffId: sha256("diff other"), toc: fileToc("other") };
  await service.view(stackOn(stack, store.layers.addPacked(other, "gzip").id), REPORTER);
  await service.view(stack, REPORTER);
  t.is(asked.length, 101);
  // Nothing says which stack this one extends, so the view asks for every layer.
  await service.view(stack.toReversed(), REPORTER);
  t.is(asked.length, 201);
});
