import type { ExecutionContext } from "ava";
import type { CacheSource, CacheTarget, OutgoingBlob } from "../../cache/remote/backend.js";
import { layersOf, type TransferContent, type TransferLayer } from "../../cache/remote/content.js";
import { sendCache } from "../../cache/remote/send.js";
import { sha256 } from "../../core/digest.js";
import { convertLayerType, mediaTypes } from "../../oci/media-types.js";
import { key } from "../cache/support.js";

const signal = new AbortController().signal;
export const MADE = Date.parse("2026-01-02T03:04:05.678Z");

export function layer(text: string): TransferLayer {
  return {
    diffId: sha256(`diff ${text}`),
    blob: { mediaType: mediaTypes.ociLayerGzip, digest: sha256(text), size: Buffer.byteLength(text) },
    createdAt: MADE,
  };
}

export const [A, B, C] = [layer("layer a"), layer("layer b"), layer("layer c, a little longer")];
export const MOUNT = {
  id: "go",
  name: "f".repeat(64),
  blob: { mediaType: "application/vnd.tsbuild.cache-mount.v1.tar+gzip", digest: sha256("mount"), size: 5 },
};
export const CONTENT: TransferContent = {
  results: [
    { keys: [key("a")], name: "RUN a", createdAt: MADE, layers: [A] },
    { keys: [key("b"), key("b again")], name: "RUN b", createdAt: MADE + 1, layers: [A, B] },
    { keys: [key("c")], name: "COPY c", createdAt: MADE + 2, layers: [A, C] },
    { keys: [key("empty")], name: "nothing", createdAt: MADE, layers: [] },
  ],
  mounts: [MOUNT],
};

/** Returns content in a form to compare: without order, and with one family of media types. */
export function sorted({ results, mounts }: TransferContent): unknown {
  const oci = (one: TransferLayer) => ({ ...one, blob: { ...one.blob, mediaType: convertLayerType(one.blob.mediaType, "oci") } });
  const by = results.map((result) => ({ ...result, layers: result.layers.map(oci) })).sort((a, b) => (a.keys[0] < b.keys[0] ? -1 : 1));
  return { results: by.map((result) => ({ ...result, keys: [result.keys[0], ...result.keys.slice(1).sort()] })), mounts };
}

export function outgoing(t: ExecutionContext, opened: string[]): OutgoingBlob[] {
  const bytes = new Map(["layer a", "layer b", "layer c, a little longer", "mount"].map((text) => [sha256(text), Buffer.from(text)]));
  return [...layersOf(CONTENT).map(({ blob }) => blob), MOUNT.blob].map((descriptor) => ({
    descriptor,
    origin: undefined,
    async *open() {
      opened.push(descriptor.digest);
      const data = bytes.get(descriptor.digest);
      if (!data) return t.fail(descriptor.digest);
      // In two pieces, as streams come.
      yield data.subarray(0, 3);
      yield data.subarray(3);
    },
  }));
}

/**
 * Checks the contract of cache backends. `make` returns a new target and source of the same place.
 */
export async function conforms(
  t: ExecutionContext,
  make: () => { readonly target: CacheTarget; readonly source: CacheSource },
): Promise<void> {
  const progress = () => undefined;
  t.is(await make().source.load({ signal }), undefined, "nothing there yet");
  const opened: string[] = [];
  await sendCache(make().target, CONTENT, outgoing(t, opened), { signal, progress });
  t.is(new Set(opened).size, 4);
  const { source } = make();
  t.deepEqual(sorted((await source.load({ signal })) as TransferContent), sorted(CONTENT));
  for (const [descriptor, text] of [
    [A.blob, "layer a"],
    [C.blob, "layer c, a little longer"],
    [MOUNT.blob, "mount"],
  ] as const) {
    const chunks: Buffer[] = [];
    for await (const chunk of source.blob(descriptor, { signal })) chunks.push(Buffer.from(chunk));
    t.is(Buffer.concat(chunks).toString(), text);
  }
  await t.throwsAsync(async () => {
    for await (const chunk of source.blob({ ...A.blob, digest: sha256("never written") }, { signal })) t.truthy(chunk);
  });
  opened.length = 0;
  const smaller = { ...CONTENT, results: CONTENT.results.slice(0, 1), mounts: [] };
  await sendCache(make().target, smaller, outgoing(t, opened).slice(0, 1), { signal, progress });
  t.deepEqual(opened, [], "what is there is not sent again");
  t.deepEqual(sorted((await make().source.load({ signal })) as TransferContent), sorted(smaller));
}
