import { setImmediate as turn } from "node:timers/promises";
import test from "ava";
import { collectGarbage } from "../../../core/system/collect-garbage.js";
import type { PackPlan } from "../../../oci/layer/model/toc.js";
import { pack } from "../../../oci/layer/write/pack.js";
import { packLayer } from "../../../solver/layers/pack.js";
import type { LayerAccess } from "../../../solver/layers/layer-access.js";
import type { LayerTaskRunner } from "../../../solver/layers/ports.js";
import { testStore } from "../../support/images/images.js";

const REPORTER = { signal: new AbortController().signal, progress: () => undefined };
const PLAIN = { type: "uncompressed" } as const;

function planOf(files: number): PackPlan {
  const data = Buffer.from("x");
  const entries = Array.from({ length: files }, (_, index) => ({
    path: `f${String(index).padStart(6, "0")}`,
    type: "file" as const,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1,
    mtime: { sec: 1, nsec: 0 },
    source: { kind: "bytes" as const, data },
  }));
  return { entries };
}

test("nobody holds the plan of a layer while another thread packs it", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  let plan: WeakRef<PackPlan> | undefined;
  let held: boolean | undefined;
  const tasks = {
    pack: async (...given: Parameters<LayerTaskRunner["pack"]>) => {
      // A reference counts as held until the turn ends in which it was made.
      await turn();
      collectGarbage();
      held = plan?.deref() !== undefined;
      return pack(given[0]);
    },
  } as LayerTaskRunner;
  const service = { store, tasks, epoch: undefined } as unknown as LayerAccess;
  const make = async () => {
    const made = planOf(500);
    plan = new WeakRef(made);
    return made;
  };
  const id = await packLayer(service, make, PLAIN, REPORTER);
  t.is(held, false);
  const { diffId } = store.layers.get(id) ?? {};
  t.is(diffId && store.layers.toc(diffId)?.entries.length, 500);
  t.is(await packLayer(service, planOf(500), PLAIN, REPORTER), id);
});
