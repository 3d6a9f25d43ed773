import test from "ava";
import { type CollectState, type LayerState, planCollection } from "../../../cache/collect/collect-plan.js";
import type { Candidate, CollectPolicy } from "../../../cache/contract/collector.js";
import type { LayerId } from "../../../cache/contract/layers.js";
import { type Digest, sha256 } from "../../../core/digest.js";

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;

const blob = (name: string): Digest => sha256(name);
const layer = (id: string, bytes: number, leased = false): readonly [LayerId, LayerState] => [
  id as LayerId,
  { blob: blob(id), diffId: blob(`diff ${id}`), bytes, leased },
];
const result = (id: string, hours: number, shared = false) =>
  ({ kind: "result", id, name: `RUN ${id}`, usedAt: NOW - hours * HOUR, shared, bytes: 0 }) as const;

/**
 * Returns a state with steps a ← b ← c of one image, and d alone. Every layer has 100 bytes
 * unpacked, 10 in its blob and 1 in its table of contents.
 */
function state(given: Partial<CollectState> = {}): CollectState {
  const layers = ["a", "b", "c", "d"];
  return {
    now: NOW,
    total: 4 * 111 + 50,
    candidates: [
      result("1", 5, true),
      result("2", 4),
      result("3", 3),
      result("4", 100),
      { kind: "mount", id: "m", name: "npm", usedAt: NOW - 60 * HOUR, shared: false, bytes: 40 },
    ],
    forgotten: [],
    layers: new Map(layers.map((id) => layer(id, 100))),
    stacks: new Map([
      [11, { below: null, layer: "a" as LayerId }],
      [12, { below: 11, layer: "b" as LayerId }],
      [13, { below: 12, layer: "c" as LayerId }],
      [14, { below: null, layer: "d" as LayerId }],
    ]),
    resultStacks: new Map([
      ["1", 11],
      ["2", 12],
      ["3", 13],
      ["4", 14],
    ]),
    blobs: new Map(layers.map((id) => [blob(id), 10])),
    tocs: new Map(layers.map((id) => [blob(`diff ${id}`), 1])),
    retainedBlobs: new Set(),
    imageBlobs: new Map(),
    ...given,
  };
}

const image = (hours: number): CollectState => {
  const before = state();
  const candidate: Candidate & { readonly bytes: number } = {
    kind: "image",
    id: "sha256:i",
    name: "sha256:i",
    usedAt: NOW - hours * HOUR,
    shared: false,
    bytes: 0,
  };
  return {
    ...before,
    total: before.total + 5,
    candidates: [...before.candidates, candidate],
    blobs: new Map([...before.blobs, [blob("manifest"), 5]]),
    imageBlobs: new Map([["sha256:i", [blob("manifest"), blob("a")]]]),
  };
};

/** Title, state, policies, removed ids in order, and the bytes of the store afterwards. */
const CASES: readonly (readonly [string, CollectState, readonly CollectPolicy[], readonly string[], number])[] = [
  ["nothing is asked for", state(), [{}], [], 494],
  ["all", state(), [{ unusedFor: 0, mounts: true }], ["4", "d", "m", "1", "2", "3", "a", "b", "c"], 10],
  ["not the mounts", state(), [{ unusedFor: 0 }], ["4", "d", "1", "2", "3", "a", "b", "c"], 50],
  ["only what is old", state(), [{ unusedFor: 48 * HOUR, mounts: true }], ["4", "d", "m"], 343],
  ["steps of images stay", state(), [{ unusedFor: 0, keepShared: true }], ["4", "d", "2", "3", "b", "c"], 161],
  ["only as much as is needed", state(), [{ keepBytes: 400 }], ["4", "d"], 383],
  ["a step whose layers others need gives nothing", state(), [{ keepBytes: 300 }], ["4", "d", "1", "2", "3", "a", "b", "c"], 50],
  ["it fits already", state(), [{ keepBytes: 494 }], [], 494],
  [
    "one policy after the other",
    state(),
    [{ keepBytes: 350, unusedFor: 48 * HOUR, mounts: true }, { keepBytes: 100 }],
    ["4", "d", "m", "1", "2", "3", "a", "b", "c"],
    10,
  ],
  ["chosen ones", state(), [{ unusedFor: 0, only: ({ id }) => id === "3" }], ["3", "c"], 383],
  ["blobs of images stay", state({ retainedBlobs: new Set([blob("d")]) }), [{ unusedFor: 48 * HOUR }], ["4", "d"], 393],
  ["what a running build leases stays", state({ layers: new Map([layer("d", 100, true)]) }), [{ unusedFor: 48 * HOUR }], ["4"], 464],
  ["blobs that nothing needs are gone first", state({ layers: new Map() }), [{ keepBytes: 460 }], [], 454],
  ["a replaced step goes first", state({ forgotten: [{ id: "4", name: "RUN 4", usedAt: NOW }], candidates: [] }), [{}], ["4", "d"], 383],
  ["an image without a name", image(50), [{ unusedFor: 48 * HOUR, images: true }], ["4", "d", "sha256:i"], 383],
  [
    "an image's layer stays as long as the step is there",
    image(50),
    [{ unusedFor: 48 * HOUR, images: true, only: ({ kind }) => kind === "image" }],
    ["sha256:i"],
    494,
  ],
  ["images are not asked for", image(50), [{ unusedFor: 48 * HOUR }], ["4", "d"], 388],
];

for (const [name, given, policies, ids, remaining] of CASES) {
  test(`plan: ${name}`, (t) => {
    const plan = planCollection(given, policies);
    t.deepEqual([plan.removed.map(({ id }) => id), plan.remaining], [[...ids], remaining]);
  });
}
