import test from "ava";
import { TsbuildError } from "../../core/errors.js";
import { choosePlatform } from "../../oci/image.js";
import { convertLayerType, layerCompression, mediaTypes } from "../../oci/media-types.js";
import { formatPlatform, parsePlatform, platformRank } from "../../oci/platform.js";
import { familiarReference, formatReference, parseImageName, parseReference, withDefaultTag } from "../../oci/reference.js";
import { parseImageConfig, parseIndex, parseManifest, parseManifestOrIndex } from "../../oci/validate.js";

const D = `sha256:${"a".repeat(64)}`;

for (const [text, canonical, familiar] of [
  ["alpine", "docker.io/library/alpine", "alpine"],
  ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
  ["docker.io/alpine", "docker.io/library/alpine", "alpine"],
  ["index.docker.io/library/alpine:x", "docker.io/library/alpine:x", "alpine:x"],
  ["docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"],
  ["a/b", "docker.io/a/b", "a/b"],
  ["localhost/foo", "localhost/foo", "localhost/foo"],
  ["localhost:5000/foo:bar", "localhost:5000/foo:bar", "localhost:5000/foo:bar"],
  ["[::1]:5000/foo:bar", "[::1]:5000/foo:bar", "[::1]:5000/foo:bar"],
  ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"],
  ["ghcr.io/a-b/c__d/e.f-g--h:V1.0_x-y", "ghcr.io/a-b/c__d/e.f-g--h:V1.0_x-y", "ghcr.io/a-b/c__d/e.f-g--h:V1.0_x-y"],
  [`alpine@${D}`, `docker.io/library/alpine@${D}`, `alpine@${D}`],
  [`alpine:3@${D}`, `docker.io/library/alpine:3@${D}`, `alpine:3@${D}`],
  ["UPPER/foo", "UPPER/foo", "UPPER/foo"],
] as const) {
  test(`reference ${text}`, (t) => {
    const reference = parseReference(text);
    t.is(formatReference(reference), canonical);
    t.is(familiarReference(reference), familiar);
    t.deepEqual(parseReference(canonical), reference);
    t.deepEqual(parseReference(familiar), reference);
  });
}

for (const [text, why] of [
  ["", "it is empty"],
  ["Alpine", "lower case"],
  ["a b", "blank"],
  ["https://ghcr.io/x", "scheme"],
  ["a".repeat(64), "image id"],
  ["alpine:", "the tag after the colon is empty"],
  ["alpine:-x", '"-x" is not a tag'],
  [`alpine:${"x".repeat(129)}`, "is not a tag"],
  ["alpine@sha256:abc", '"sha256:abc" is not a digest'],
  [`alpine@sha512:${"a".repeat(128)}`, "only sha256"],
  ["a//b", "empty part"],
  ["ghcr.io/", "empty"],
  ["a/-b", '"-b" is not part of a repository name'],
  ["a/b..c", '"b..c" is not part'],
  ["a/b___c", "is not part"],
  ["ex_ample.com/foo", "is not a registry host"],
  [`a/${"x".repeat(256)}`, "longer than 255"],
] as const) {
  test(`reference ${text.slice(0, 40) || "(empty)"} is refused`, (t) => {
    const error = t.throws(() => parseReference(text), { instanceOf: TsbuildError, code: "reference/invalid" });
    t.true(error.message.includes(why), error.message);
  });
}

test("names for the store have a tag and no digest", (t) => {
  t.is(parseImageName("foo"), "docker.io/library/foo:latest");
  t.throws(() => parseImageName(`foo:1@${D}`), { message: /cannot have a digest/ });
  t.is(formatReference(withDefaultTag(parseReference(`foo@${D}`))), `docker.io/library/foo@${D}`);
});

for (const [text, expected] of [
  ["linux/amd64", "linux/amd64"],
  ["linux/x86_64", "linux/amd64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/amd64/v3", "linux/amd64/v3"],
  ["linux/arm64/v8", "linux/arm64"],
  ["aarch64", "linux/arm64"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/6", "linux/arm/v6"],
  ["armhf", "linux/arm/v7"],
  ["armel", "linux/arm/v6"],
  ["linux/i386", "linux/386"],
  ["Linux/ARM64", "linux/arm64"],
  ["macos/arm64", "darwin/arm64"],
  ["windows(10.0.17763)/amd64", "windows/amd64"],
] as const) {
  test(`platform ${text}`, (t) => t.is(formatPlatform(parsePlatform(text)), expected));
}

for (const [text, pattern] of [
  ["", /a part of it is empty/],
  ["linux/", /a part of it is empty/],
  ["a/b/c/d", /4 parts/],
  ["linux/amd 64", /is no name/],
  ["lunix", /neither an operating system nor an architecture/],
] as const) {
  test(`platform "${text}" is refused`, (t) => void t.throws(() => parsePlatform(text), { code: "platform/invalid", message: pattern }));
}

for (const [wanted, candidate, rank] of [
  ["linux/amd64", "linux/amd64", 0],
  ["linux/amd64", "linux/386", 1],
  ["linux/amd64/v3", "linux/amd64/v2", 1],
  ["linux/amd64/v3", "linux/amd64", 2],
  ["linux/amd64", "linux/amd64/v2", undefined],
  ["linux/arm/v7", "linux/arm/v6", 1],
  ["linux/arm/v6", "linux/arm/v7", undefined],
  ["linux/arm64", "linux/arm64/v8", 0],
  ["linux/arm64", "linux/arm/v7", 2],
  ["linux/arm64", "linux/amd64", undefined],
  ["linux/riscv64", "linux/riscv64", 0],
  ["linux/amd64", "windows/amd64", undefined],
] as const) {
  test(`${wanted} runs ${candidate}: ${rank}`, (t) => t.is(platformRank(parsePlatform(wanted), parsePlatform(candidate)), rank));
}

test("of an index the best platform is chosen, attestations never", (t) => {
  const entry = (digit: string, platform?: { os: string; architecture: string; variant?: string }) => ({
    mediaType: mediaTypes.ociManifest,
    digest: parseReference(`x@sha256:${digit.repeat(64)}`).digest as never,
    size: 1,
    ...(platform === undefined ? {} : { platform }),
  });
  const index = {
    schemaVersion: 2 as const,
    manifests: [
      entry("0", { os: "unknown", architecture: "unknown" }),
      entry("1", { os: "linux", architecture: "arm", variant: "v6" }),
      entry("2", { os: "linux", architecture: "arm", variant: "v7" }),
      entry("3"),
    ],
  };
  const chosen = (platform: string) => choosePlatform(index, parsePlatform(platform))?.digest.at(-1);
  t.is(chosen("linux/arm/v7"), "2");
  t.is(chosen("linux/arm64"), "2");
  t.is(chosen("linux/arm/v6"), "1");
  t.is(chosen("linux/amd64"), "3");
});

test("layer media types", (t) => {
  t.is(layerCompression(mediaTypes.dockerLayerGzip), "gzip");
  t.is(layerCompression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), "gzip");
  t.is(layerCompression("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"), "zstd");
  t.is(layerCompression(mediaTypes.ociLayer), "uncompressed");
  t.is(layerCompression("application/vnd.in-toto+json"), undefined);
  t.is(convertLayerType(mediaTypes.ociLayerGzip, "docker"), mediaTypes.dockerLayerGzip);
  t.is(
    convertLayerType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "oci"),
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  );
});

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const descriptor = { mediaType: mediaTypes.ociConfig, digest: D, size: 3 };

test("documents from outside are checked, and errors name what is wrong", (t) => {
  t.deepEqual(
    parseManifest(bytes({ schemaVersion: 2, config: descriptor, layers: null, annotations: null, extra: 1 }), "manifest of x") as unknown,
    {
      schemaVersion: 2,
      config: descriptor,
      layers: [],
      extra: 1,
    },
  );
  const wrong = bytes({ schemaVersion: 2, config: { ...descriptor, digest: "sha256:x" }, layers: [{ ...descriptor, size: -1 }] });
  t.throws(() => parseManifest(wrong, "manifest of x"), {
    code: "image/invalid",
    message: /^Cannot use the manifest of x: "config\.digest": expected sha256:<64 hex digits>, found "sha256:x"; "layers\.0\.size": /,
  });
  const deep = `{"schemaVersion":2,"x":${"[".repeat(5000)}"]]"${"]".repeat(5000)}}`;
  t.throws(() => parseManifest(Buffer.from(deep), "manifest of x"), {
    message: "Cannot read the manifest of x: it nests more than 500 levels",
  });
  t.throws(() => parseManifest(Buffer.from("<html>no"), "manifest of x"), { message: /it is not JSON \(it starts with "<html>no"\)/ });
  t.throws(() => parseManifestOrIndex(bytes({ schemaVersion: 1, fsLayers: [] }), undefined, "manifest of x"), { code: "image/schema1" });
  t.throws(
    () => parseManifestOrIndex(bytes({ schemaVersion: 2, manifests: [], layers: [], config: descriptor }), undefined, "manifest of x"),
    {
      message: /both a manifest and an index/,
    },
  );
  t.is(parseManifestOrIndex(bytes({ schemaVersion: 2, manifests: null, mediaType: mediaTypes.dockerList }), undefined, "x").kind, "index");
  t.throws(() => parseImageConfig(bytes({ os: "linux", rootfs: { type: "layers" } }), "config of x"), { message: /"architecture"/ });
});

const CONFIG = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } };
const parsers = { manifest: parseManifest, index: parseIndex, config: parseImageConfig } as const;

/** Members that documents cannot do without, as paths. */
for (const [kind, whole, members] of [
  ["manifest", { schemaVersion: 2, config: descriptor, layers: [] }, ["schemaVersion", "config", "layers"]],
  ["index", { schemaVersion: 2, manifests: [] }, ["schemaVersion", "manifests"]],
  ["config", CONFIG, ["architecture", "os", "rootfs"]],
] as const) {
  for (const member of members) {
    test(`documents from outside: ${kind} without ${member}`, (t) => {
      const parse = parsers[kind];
      t.notThrows(() => parse(bytes(whole), "document"));
      t.throws(() => parse(bytes({ ...whole, [member]: undefined }), "document"), {
        code: "image/invalid",
        message: `Cannot use the document: "${member}" is missing`,
      });
    });
  }
}

test("documents from outside: config without diff_ids, descriptors without size", (t) => {
  t.throws(() => parseImageConfig(bytes({ ...CONFIG, rootfs: { type: "layers" } }), "config"), {
    message: 'Cannot use the config: "rootfs.diff_ids" is missing',
  });
  t.throws(() => parseManifest(bytes({ schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, size: undefined }] }), "manifest"), {
    message: 'Cannot use the manifest: "layers.0.size" is missing',
  });
});
