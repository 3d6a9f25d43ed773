import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as zlib from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import type { BuildOptions, CacheTo, ImageForm, Output } from "../../../api/options/options.js";
import { exportersFor, wantedImages } from "../../../api/build/outputs.js";
import { resolveOutputs } from "../../../api/options/resolve-outputs.js";
import type { Session } from "../../../api/session/session.js";
import { UsageError } from "../../../core/errors.js";
import { parsePlatform } from "../../../oci/platform.js";
import type { Manifest } from "../../../oci/types.js";
import { TarParser } from "../../../oci/tar/reader.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { requires, withThisNode, withoutOrdinaryUser } from "../../support/requires.js";

const AMD64 = parsePlatform("linux/amd64");
const resolve = (outputs: readonly Output[], options: BuildOptions = {}, platforms = [AMD64]) =>
  resolveOutputs({ ...options, outputs }, platforms);

function directory(t: ExecutionContext): string {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  return path;
}

test("names are complete in every output, as if they were tags", (t) => {
  const [own, tags, digest] = resolve(
    [
      { type: "oci", dest: "x", names: ["app", "app:latest", "h:1/b:2"] },
      { type: "registry" },
      { type: "image", push: true, pushByDigest: true, names: ["h:1/b"] },
    ],
    { tags: ["app:1"] },
  );
  t.deepEqual(own?.names, ["docker.io/library/app:latest", "h:1/b:2"]);
  t.deepEqual(tags?.names, ["docker.io/library/app:1"]);
  t.deepEqual(digest?.names, ["h:1/b"]);
});

/** Outputs that cannot be, and the codes that say so, before a store is opened. */
const REFUSED: readonly (readonly [string, readonly Output[], string, BuildOptions?])[] = [
  ["a push without a name", [{ type: "registry" }], "export/no-name"],
  ["an image that is pushed without a name", [{ type: "image", push: true }], "export/no-name"],
  ["a tag where only the digest is to lead", [{ type: "registry", pushByDigest: true }], "options/tagged-digest", { tags: ["h:1/a:2"] }],
  ["two platforms in a docker archive", [{ type: "docker", dest: "x" }], "export/several-platforms"],
  [
    "an annotation of a platform that is not built",
    [{ type: "image", annotations: { "manifest[linux/s390x]:a": "b" } }],
    "options/annotation",
  ],
  ["attestations in a docker archive", [{ type: "docker", dest: "x" }], "export/no-index", { provenance: true }],
  ["an attestation that leads out", [{ type: "local", dest: "x" }], "options/invalid", { provenance: { filename: "../x" } }],
  ["a prefix that leads out", [{ type: "local", dest: "x", attestationPrefix: "../" }], "options/invalid"],
  ["a name that is none", [{ type: "oci", dest: "x", names: ["A b"] }], "reference/invalid"],
  ["a level that gzip has not", [{ type: "image", compression: "gzip", compressionLevel: 12 }], "layer/invalid-level"],
  [
    "times as they are for one of two",
    [
      { type: "image", rewriteTimestamp: false },
      { type: "oci", dest: "x" },
    ],
    "options/invalid",
  ],
];

for (const [what, outputs, code, options] of REFUSED) {
  test(`refused before anything is done: ${what}`, async (t) => {
    const root = join(directory(t), "store");
    const platforms = ["linux/amd64", "linux/arm64"];
    await t.throwsAsync(build({ ...options, outputs, root, platforms, context: "/nowhere" }), { code });
    t.throws(() => readFileSync(root), { code: "ENOENT" });
  });
}

/**
 * Destinations that cannot be written to, below a directory with `file` and the non-empty directory
 * `full`.
 */
const UNWRITABLE: readonly (readonly [Output, string, RegExp])[] = [
  [{ type: "oci", dest: "full" }, "export/is-directory", /"full" for --output type=oci: it is a directory/],
  [{ type: "docker", dest: "none/x" }, "export/no-directory", /there is no directory "none"/],
  [{ type: "tar", dest: "file/x" }, "export/no-directory", /"file" is no directory/],
  [{ type: "local", dest: "file" }, "export/not-a-directory", /"file" is no directory/],
  [{ type: "local", dest: "file/deep/er" }, "export/not-a-directory", /"file" is no directory/],
  [{ type: "oci", dest: "full", tar: false }, "export/not-a-layout", /"full": the directory holds other files/],
];

for (const [output, code, message] of UNWRITABLE) {
  test(`reported before the build: ${code} for type=${output.type} to ${"dest" in output ? String(output.dest) : ""}`, async (t) => {
    const path = directory(t);
    mkdirSync(join(path, "full"));
    writeFileSync(join(path, "full/x"), "");
    writeFileSync(join(path, "file"), "");
    const placed = { ...output, dest: join(path, (output as { dest: string }).dest) } as Output;
    const error = await t.throwsAsync(build({ outputs: [placed], root: join(path, "store"), context: "/nowhere" }), { code });
    t.true(error instanceof UsageError);
    t.regex(error?.message.replaceAll(`${path}/`, "") ?? "", message);
    t.deepEqual(readdirSync(path).sort(), ["file", "full"]);
  });
}

test("reported before the build: a cache in a place that is a file, unless its errors are to be ignored", async (t) => {
  const path = directory(t);
  writeFileSync(join(path, "file"), "");
  const built = (ignoreError: boolean) =>
    build({ cacheTo: [{ type: "local", dest: join(path, "file"), ignoreError }], root: join(path, "store"), context: "/nowhere" });
  await t.throwsAsync(built(false), { code: "export/not-a-directory", message: /for --cache-to type=local/ });
  await t.throwsAsync(built(true), { code: "context/not-found" });
});

const CACHES: readonly (readonly [CacheTo, string, RegExp])[] = [
  [{ type: "s3", region: "r" }, "options/invalid", /it has no bucket/],
  [
    { type: "s3", bucket: "b", region: "r", endpointUrl: "none" },
    "options/invalid",
    /"none" as the endpoint of the S3 cache: it is no http or https URL/,
  ],
  [{ type: "s3", bucket: "b", region: "r", endpointUrl: "file:///x" }, "options/invalid", /"file:\/\/\/x" as the endpoint/],
  [{ type: "s3", bucket: "b", region: "a b" }, "options/invalid", /"https:\/\/s3.a b.amazonaws.com" as the endpoint/],
  [{ type: "s3", bucket: "a b", region: "r" }, "options/invalid", /"a b" as the bucket of the S3 cache: no host can have that name/],
  [{ type: "registry", ref: "h:1/a", imageManifest: true, ociMediaTypes: false }, "options/invalid", /Docker's media types/],
  [{ type: "local", dest: "full" }, "export/not-a-layout", /"full": the directory holds other files/],
  [{ type: "gha", url: "http://[", token: "none", version: 1 }, "options/invalid", /"http:\/\/\[" as the GitHub Actions cache/],
  [{ type: "gha", url: "https://h/", token: "none", version: 1 }, "cache/no-credentials", /its token does not say/],
];

for (const [cache, code, message] of CACHES) {
  test(`reported before the build: a cache of type=${cache.type} with ${JSON.stringify(cache)}`, async (t) => {
    const path = directory(t);
    mkdirSync(join(path, "full"));
    writeFileSync(join(path, "full/x"), "");
    const placed = { ...cache, ...("dest" in cache ? { dest: join(path, cache.dest) } : {}) } as CacheTo;
    const built = (more: object) =>
      build({ cacheTo: [{ ...placed, ...more }], outputs: [{ type: "cacheonly" }], root: join(path, "store"), context: "/nowhere" });
    const error = await t.throwsAsync(built({}), { code });
    t.regex(error?.message.replaceAll(`${path}/`, "") ?? "", message);
    t.is(error instanceof UsageError, code !== "cache/no-credentials");
    t.deepEqual(readdirSync(path), ["full"]);
    await t.throwsAsync(built({ ignoreError: true }), { code: "context/not-found" });
  });
}

requires(withoutOrdinaryUser)(
  "a place where this user may not write is reported before the build, and is no error of the call",
  async (t) => {
    const path = directory(t);
    mkdirSync(join(path, "closed"), 0o555);
    const outputs: readonly Output[] = [
      { type: "oci", dest: join(path, "closed/x") },
      { type: "local", dest: join(path, "closed/x") },
      { type: "local", dest: join(path, "closed") },
    ];
    for (const output of outputs) {
      const error = await t.throwsAsync(build({ outputs: [output], root: join(path, "store"), context: "/nowhere" }), {
        code: "export/unwritable",
      });
      t.regex(error?.message ?? "", /permission denied$/);
      t.false(error instanceof UsageError);
    }
  },
);

test("missing parents of a directory are made, as docker does", async (t) => {
  const { path, options } = project(t);
  await build({ ...options, outputs: [{ type: "local", dest: path("new/deep") }, layout(path("other/layout"))] });
  t.deepEqual([readdirSync(path("new/deep")), layersOf(path("other/layout")).length], [["file"], 1]);
});

withThisNode(!("zstdCompress" in zlib))("zstd is refused before the first step where Node has none", async (t) => {
  const path = directory(t);
  const refused = async (more: BuildOptions) =>
    t.throwsAsync(build({ root: join(path, "store"), context: "/nowhere", ...more }), { code: "layer/zstd-unsupported" });
  await refused({ outputs: [{ type: "registry", names: ["h:1/a"], compression: "zstd" }] });
  await refused({ cacheTo: [{ type: "local", dest: join(path, "cache"), compression: "zstd" }] });
  t.deepEqual(readdirSync(path), []);
});

test("layers have the forms that outputs ask for, what one says before what none says", (t) => {
  const forms = (...outputs: Output[]) => wantedImages({ outputs: resolve(outputs), sbom: undefined }).forms;
  const gzip = { compression: { type: "gzip" }, force: false };
  t.deepEqual(forms({ type: "cacheonly" }), [{ compression: { type: "uncompressed" }, force: false }]);
  t.deepEqual(forms({ type: "tar", dest: "x" }, { type: "image" }), [gzip] as never);
  t.deepEqual(forms({ type: "image" }, { type: "oci", dest: "x", compression: "uncompressed", forceCompression: true }), [
    { compression: { type: "uncompressed" }, force: true },
    gzip,
  ] as never);
});

test("layers of a base stay at their registry only when nothing keeps them here", (t) => {
  const stays = (output: Output, { tag = "h:1/a:1", sbom }: { readonly tag?: string; readonly sbom?: object } = {}) =>
    wantedImages({ outputs: resolve([output], { tags: [tag] }), sbom }).mayStayRemote("h:1/base:1");
  t.true(stays({ type: "registry" }));
  t.true(stays({ type: "image", push: true, store: false }));
  t.false(stays({ type: "image", push: true }));
  t.false(stays({ type: "registry", store: true }));
  t.false(stays({ type: "registry" }, { tag: "other:1/a:1" }));
  t.false(stays({ type: "registry" }, { sbom: {} }), "the scanner reads every layer");
  t.true(stays({ type: "registry" }, { sbom: { generator: "scanner" } }));
});

test("registry.insecure is for the hosts of the output's names alone", async (t) => {
  const asked: (readonly string[])[] = [];
  const client = {} as never;
  const network = {
    registry: async () => (asked.push([]), client),
    insecureRegistry: async (hosts: readonly string[]) => (asked.push(hosts), client),
  };
  const session = { network } as unknown as Session;
  await exportersFor({ type: "registry" }, session, ["lan:5000/a:1"]);
  await exportersFor({ type: "registry", insecure: true, danglingNamePrefix: "other:1/x" }, session, ["lan:5000/a:1", "lan:5000/b:1"]);
  t.deepEqual(asked, [[], ["lan:5000", "other:1"]]);
});

interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly mtimes: readonly number[];
}

/** Returns the layers of the one image of a layout directory. */
function layersOf(layout: string): readonly Layer[] {
  const blob = (digest: string): Buffer => readFileSync(join(layout, "blobs/sha256", digest.slice("sha256:".length)));
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  const manifest = JSON.parse(blob(index.manifests[0]?.digest ?? "").toString()) as Manifest;
  return manifest.layers.map(({ mediaType, digest }) => {
    const mtimes: number[] = [];
    const parser = new TarParser({ entry: ({ mtime }) => void mtimes.push(mtime.sec), data: () => undefined, end: () => undefined });
    parser.push(mediaType.endsWith("gzip") ? zlib.gunzipSync(blob(digest)) : blob(digest));
    parser.finish();
    return { mediaType, digest, mtimes };
  });
}

function project(t: ExecutionContext): { readonly path: (name: string) => string; readonly options: BuildOptions } {
  const root = directory(t);
  mkdirSync(join(root, "context"));
  writeFileSync(join(root, "context/Dockerfile"), "FROM scratch\nCOPY file /\n");
  writeFileSync(join(root, "context/file"), "content");
  utimesSync(join(root, "context/file"), 2_000_000, 2_000_000);
  return { path: (name) => join(root, name), options: { context: join(root, "context"), root: join(root, "store") } };
}

const layout = (dest: string, more: ImageForm = {}): Output => ({ type: "oci", tar: false, dest, ...more });
const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const PLAIN = "application/vnd.oci.image.layer.v1.tar";

test("SOURCE_DATE_EPOCH is the latest time of a layer's files, unless rewrite-timestamp says no", async (t) => {
  const { path, options } = project(t);
  const mtimes = async (name: string, rewriteTimestamp?: boolean): Promise<readonly number[]> => {
    const outputs = [layout(path(name), rewriteTimestamp === undefined ? {} : { rewriteTimestamp })];
    await build({ ...options, outputs, buildArgs: { SOURCE_DATE_EPOCH: "1000000" } });
    return layersOf(path(name)).flatMap((layer) => layer.mtimes);
  };
  t.deepEqual(await mtimes("default"), [1_000_000]);
  t.deepEqual(await mtimes("false", false), [2_000_000]);
  t.deepEqual(await mtimes("true", true), [1_000_000]);
});

test("each output of a build has the compression it asks for; force is also for what was compressed before", async (t) => {
  const { path, options } = project(t);
  const types = (name: string) => layersOf(path(name)).map(({ mediaType }) => mediaType);
  await build({ ...options, outputs: [layout(path("a"), { compression: "gzip" }), layout(path("b"), { compression: "uncompressed" })] });
  t.deepEqual([types("a"), types("b")], [[GZIP], [PLAIN]]);
  // Compressed already: as with BuildKit, it stays so without force.
  await build({ ...options, outputs: [layout(path("c"), { compression: "uncompressed" })] });
  t.deepEqual(types("c"), [GZIP]);
  await build({ ...options, outputs: [layout(path("d"), { compression: "uncompressed", forceCompression: true })] });
  t.deepEqual(types("d"), [PLAIN]);
  await build({ ...options, outputs: [layout(path("e"), { compressionLevel: 1, forceCompression: true }), layout(path("f"))] });
  t.deepEqual([types("e"), types("f")], [[GZIP], [GZIP]]);
  t.not(layersOf(path("e"))[0]?.digest, layersOf(path("a"))[0]?.digest);
  t.is(layersOf(path("f"))[0]?.digest, layersOf(path("a"))[0]?.digest);
});
