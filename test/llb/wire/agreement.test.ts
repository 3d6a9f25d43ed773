import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Digest, parseDigest, sha256 } from "../../../core/digest.js";
import { compileDockerfile } from "../../../frontend/dockerfile/compile.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import type { FrontendPorts } from "../../../frontend/frontend.js";
import { imageSource } from "../../../llb/sources/image.js";
import type { Rootfs } from "../../../llb/vertex.js";
import { encode } from "../../../llb/wire/message.js";
import { OP } from "../../../llb/wire/operations.js";
import { type WireVertex, writeDefinition } from "../../../llb/wire/write/write-definition.js";
import { casePath } from "../../support/golden.js";
import { PLAIN_OPTIONS } from "../../support/samples/frontend-options.js";
import { BASE_IMAGE, type WireCase, type WireRecord } from "../../support/samples/wire-case.js";

for (const name of readdirSync(casePath("wire")).sort()) {
  test(`${name}: vertices have BuildKit's digests, but for those that differ on purpose`, async (t) => {
    const folder = casePath("wire", name);
    const settings = existsSync(join(folder, "case.json")) ? (json(join(folder, "case.json")) as WireCase) : {};
    const record = json(join(folder, "buildkit.json")) as WireRecord;
    const text = readFileSync(join(folder, "Dockerfile"), "utf8").replaceAll(BASE_IMAGE, record.base.reference);
    const { vertices } = writeDefinition(await compiled(text, settings, record), { platform: "linux/amd64", images: "local" });
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

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

async function compiled(text: string, { options, base }: WireCase, record: WireRecord): Promise<Rootfs> {
  const digest = parseDigest(record.base.digest);
  const platform = PLAIN_OPTIONS.targetPlatform;
  const ports: FrontendPorts = {
    resolveImage: async (ref) => ({
      ref,
      op: imageSource({ layout: false, ref, digest }),
      digest,
      config: { ...platform, config: base ?? { Env: ["PATH=/bin"], Cmd: ["sh"] }, rootfs: { type: "layers", diff_ids: [digest] } },
      platform,
    }),
    namedContext: async () => undefined,
    ignorePatterns: async () => [],
  };
  const { ast } = parseDockerfile(text, "Dockerfile");
  return (await compileDockerfile(ast, { ...PLAIN_OPTIONS, text, ...options }, ports)).rootfs;
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
