import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { TransferLayer } from "../../../cache/remote/content.js";
import type { Digest } from "../../../core/digest.js";
import { type Edge, edge, topological } from "../../../llb/vertex.js";
import { completeLayers, EMPTY_LAYER, EMPTY_LAYER_BYTES } from "../../../solver/buildkit-keys/complete-layers.js";

const metadata = { step: recordedStep("step") };
const source = (identifier: string) => edge({ op: { kind: "source", identifier, attrs: {} }, metadata });
const step = (input: Edge | undefined, path: string) =>
  edge({
    op: { kind: "file", actions: [{ action: "mkdir", input: input ? 0 : -1, path, mode: 0o755, makeParents: true }] },
    inputs: input ? [input] : [],
    metadata,
  });
const layer = (name: string): TransferLayer => ({
  diffId: `sha256:${name}` as Digest,
  blob: { mediaType: "", digest: `sha256:${name}` as Digest, size: 1 },
  createdAt: undefined,
});

const image = source("docker-image://base");
const [one, two, three] = ((a) => [a, step(a, "/2"), step(step(a, "/2"), "/3")] as const)(step(image, "/1"));
const apart = step(undefined, "/apart");
const merged = edge({ op: { kind: "merge" }, inputs: [two, apart], metadata });

/** Returns the layers of a step, by name; "-" is the empty one. */
function complete(target: Edge, found: ReadonlyMap<Edge, string>, base = "i j"): string | undefined {
  const layers = (names: string) =>
    names
      .split(" ")
      .filter(Boolean)
      .map((name) => (name === "-" ? EMPTY_LAYER : layer(name)));
  const byDigest = new Map([...found].map(([{ vertex }, names]) => [vertex.digest, layers(names)]));
  const all = completeLayers(
    topological([target]),
    ({ digest }) => byDigest.get(digest),
    ({ op }) => (op.kind === "source" && op.identifier.startsWith("docker-image:") ? layers(base) : undefined),
  );
  return all
    .get(target.vertex.digest)
    ?.map((of) => (of === EMPTY_LAYER ? "-" : of.diffId.slice("sha256:".length)))
    .join(" ");
}

test("layers that are all there stay as they are", (t) => {
  t.is(complete(two, new Map([[two, "i j a b"]])), "i j a b");
  t.is(complete(apart, new Map([[apart, "c"]])), "c");
  t.is(complete(merged, new Map([[merged, "i j a b c"]])), "i j a b c");
});

test("an empty layer that was left out is put where the step is", (t) => {
  t.is(complete(one, new Map([[one, "i j"]])), "i j -");
  t.is(
    complete(
      three,
      new Map([
        [one, "i j"],
        [two, "i j b"],
        [three, "i j b"],
      ]),
    ),
    "i j - b -",
  );
  t.is(
    complete(
      merged,
      new Map([
        [two, "i j b"],
        [one, "i j"],
        [apart, ""],
        [merged, "i j b"],
      ]),
    ),
    "i j - b -",
  );
  t.is(complete(one, new Map([[one, "i j a"]]), "i - j"), "i - j a", "also one of the image");
});

test("where only the last result is there, empty layers come on top; what does not fit is no result", (t) => {
  t.is(complete(three, new Map([[three, "i j b"]])), "i j b - -");
  t.is(
    complete(
      three,
      new Map([
        [one, "i j"],
        [three, "i j c"],
      ]),
    ),
    "i j - c -",
  );
  t.is(complete(two, new Map([[two, "i x"]])), undefined, "another base");
  t.is(complete(one, new Map([[one, "i j a b"]])), undefined, "more than there can be");
  t.is(complete(merged, new Map([[merged, "i j b"]])), undefined, "nothing known of what is stacked");
  t.is(complete(step(source("local://context"), "/1"), new Map([[one, "a"]])), undefined);
});

test("the empty layer is what its descriptor says", (t) => {
  const sha256 = (data: Uint8Array): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;
  t.is(sha256(EMPTY_LAYER_BYTES), EMPTY_LAYER.blob.digest);
  t.is(sha256(gunzipSync(EMPTY_LAYER_BYTES)), EMPTY_LAYER.diffId);
});
