import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import type { CacheKey } from "../../../core/cache-key.js";
import type { Digest } from "../../../core/digest.js";
import type { KeyRecord, TransferLayer } from "../../../cache/remote/content.js";
import type { ResultRecord } from "../../../cache/contract/results.js";
import type { ExecOp } from "../../../llb/ops.js";
import { edge, topological } from "../../../llb/vertex.js";
import { EMPTY_LAYER_BYTES } from "../../../solver/buildkit-keys/complete-layers.js";
import { findForeignResults } from "../../../solver/buildkit-keys/foreign-records.js";
import { keyVertices } from "../../../solver/buildkit-keys/key-vertices.js";
import { writeRecords } from "../../../solver/buildkit-keys/write-records.js";
import type { Ports } from "../../../solver/ports.js";

const BASE = `sha256:${"1".repeat(64)}` as Digest;
const KEY = "key" as CacheKey;
const layer = (text: string): TransferLayer => {
  const digest = `sha256:${text.repeat(64)}` as Digest;
  return { diffId: digest, blob: { mediaType: "", digest, size: 1 }, createdAt: undefined };
};
const image = { origin: undefined, layers: [{ blob: layer("1").blob, diffId: BASE }] };

function run(more: Partial<ExecOp> = {}) {
  const base = edge({
    op: { kind: "source", identifier: `docker-image://base@${BASE}`, attrs: {} },
    platform: "linux/amd64",
    metadata: { step: recordedStep("FROM base") },
  });
  const op: ExecOp = {
    kind: "exec",
    args: ["/bin/sh", "-c", "true"],
    env: [],
    cwd: "/",
    user: "",
    network: "default",
    security: "sandbox",
    mounts: [{ type: "bind", dest: "/", readonly: false, input: 0, selector: "/" }],
    ...more,
  };
  return edge({ op, inputs: [base], platform: "linux/amd64", metadata: { step: recordedStep("RUN true") } });
}

const written: Uint8Array[] = [];
const signal = new AbortController().signal;
const context = (epoch?: number) =>
  ({
    clock: { epoch },
    layers: { store: { blobs: { writeSmall: (data: Uint8Array) => written.push(data) } } },
    sources: { image: async () => image, local: () => Promise.reject(new Error("no context")) },
  }) as unknown as Ports<"sources" | "layers" | "clock">;

/** Returns the results that are adopted for a step that a cache has with these layers. */
async function adopted(more: Partial<ExecOp>, layers: readonly TransferLayer[], epoch?: number): Promise<unknown> {
  const step = run(more);
  const order = topological([step]);
  const ports = { imageOf: async () => image, treeOf: async () => undefined, signal };
  const records = await writeRecords(order, new Map([[step.vertex.digest, { layers, createdAt: 5 }]]), ports);
  const taken: unknown[] = [];
  const adopt = (key: CacheKey, name: string, result: NonNullable<KeyRecord["result"]>): ResultRecord => {
    taken.push([key, name, result.createdAt]);
    return {} as ResultRecord;
  };
  const find = await findForeignResults(order, [{ records, adopt }], context(epoch), signal);
  find(KEY, "no vertex");
  find(KEY, step.vertex.digest);
  return taken[0];
}

test("a result is adopted under our key, with the name of the step", async (t) => {
  t.deepEqual(await adopted({}, [layer("1"), layer("2")]), [KEY, "RUN true", 5]);
});

test("no result is taken where its key says less than ours, or there are more layers than steps", async (t) => {
  const both = [layer("1"), layer("2")];
  t.is(await adopted({ extraHosts: [{ host: "db", ip: "10.0.0.5" }] }, both), undefined, "addresses of hosts");
  t.is(await adopted({}, both, 1_700_000_000), undefined, "times of layers");
  t.is(await adopted({}, [...both, layer("3")]), undefined);
});

test("an empty layer that BuildKit left out is put into the store", async (t) => {
  const before = written.length;
  t.deepEqual(await adopted({}, [layer("1")]), [KEY, "RUN true", 5]);
  t.deepEqual(written.slice(before), [EMPTY_LAYER_BYTES]);
});

test("operations whose key BuildKit makes otherwise, or we do not know, have none; nor has what depends on them", async (t) => {
  const ports = async () => image;
  const keyed = async (target: ReturnType<typeof run>) => (await keyVertices(topological([target]), ports)).has(target.vertex.digest);
  const metadata = { step: recordedStep("step") };
  const url = edge({ op: { kind: "source", identifier: "https://example.com/a", attrs: {} }, metadata });
  const onUrl = edge({ op: run().vertex.op, inputs: [url], platform: "linux/amd64", metadata });
  const copy = (more: object, input = 0) =>
    edge({
      op: {
        kind: "file",
        actions: [
          {
            action: "copy",
            input,
            secondaryInput: 1,
            src: "/a",
            dest: "/b",
            followSymlinks: true,
            dirCopyContents: true,
            attemptUnpack: false,
            createDestPath: true,
            allowWildcard: true,
            allowEmptyWildcard: true,
            ...more,
          },
        ],
      },
      inputs: [run(), run({ cwd: "/other" })],
      metadata,
    });
  t.true(await keyed(run()));
  t.true(await keyed(copy({ owner: { user: "app" } })));
  t.false(await keyed(url));
  t.false(await keyed(onUrl));
  t.false(await keyed(copy({ parentsPivot: "/" })));
  t.false(await keyed(copy({ owner: { user: "app" } }, -1)), "a name without a root filesystem to look it up in");
  t.false(await keyed(run({ args: ["\udc80"] })), "text that is no Unicode");
});
