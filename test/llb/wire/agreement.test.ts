import test from "ava";
import { type Digest, sha256 } from "../../../core/digest.js";
import { encode } from "../../../llb/wire/message.js";
import { OP } from "../../../llb/wire/operations.js";
import { type WireVertex, writeDefinition } from "../../../llb/wire/write/write-definition.js";
import type { WireRecord } from "../../support/samples/wire-case.js";
import { wireCases, wireGraph } from "../../support/samples/wire-graph.js";

for (const name of wireCases()) {
  test(`${name}: vertices have BuildKit's digests, but for those that differ on purpose`, async (t) => {
    const { settings, record, root } = await wireGraph(name);
    const { vertices } = writeDefinition(root, { platform: "linux/amd64", images: "local" });
    const { equal, different } = compare(vertices, record);
    const expected = settings.differs ?? {};
    t.deepEqual(different.sort(), Object.keys(expected).sort());
    // Every vertex that BuildKit has is one of ours, or one that differs on purpose.
    // It names the stage of a Dockerfile that has one only.
    const missed = record.vertices.filter(({ digest, name: shown }) => !equal.has(digest) && !(shown.replace("stage-0 ", "") in expected));
    t.deepEqual(missed, []);
    t.true(equal.size > 1);
  });
}

/**
 * Compares vertices from the bottom up. The digest of a directory of the caller holds the session,
 * so that it is another in every build: the recorded one stands for it in the vertices above.
 */
function compare(vertices: readonly WireVertex[], { vertices: recorded }: WireRecord) {
  const known = new Set(recorded.map(({ digest }) => digest));
  const directories = new Map(recorded.filter(({ inputs }) => !inputs).map(({ name, digest }) => [name, digest as Digest]));
  const renamed = new Map<string, Digest>();
  const equal = new Set<string>();
  const different: string[] = [];
  // The last one only names the result.
  for (const { op, digest, metadata } of vertices.slice(0, -1)) {
    const name = metadata.description?.get("llb.customname") ?? "";
    const isDirectory = op.source?.identifier?.startsWith("local://") ?? false;
    const inputs = op.inputs?.map((input) => ({ ...input, digest: renamed.get(input.digest ?? "") ?? input.digest ?? "" })) ?? [];
    const theirs = (isDirectory ? directories.get(name) : undefined) ?? sha256(encode(OP, { ...op, inputs }));
    renamed.set(digest, theirs);
    if (known.has(theirs)) equal.add(theirs);
    else different.push(name);
  }
  return { equal, different };
}
