import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { gunzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { type Digest, sha256 } from "../../core/digest.js";
import { lgetxattr, llistxattr } from "../../core/system/posix.js";
import { parseAnnotations } from "../../exporters/annotations.js";
import { assembleImage } from "../../exporters/assemble-image.js";
import { dockerTar } from "../../exporters/docker-tar.js";
import type { Exporter, ExportImage, ExportRequest } from "../../exporters/exporter.js";
import { imageStore } from "../../exporters/image-store.js";
import { localDirectory } from "../../exporters/local-dir.js";
import { ociLayout } from "../../exporters/oci-layout.js";
import { ociTar } from "../../exporters/oci-tar.js";
import { registryPush } from "../../exporters/registry-push.js";
import { rootfsTar } from "../../exporters/rootfs-tar.js";
import { mediaTypes } from "../../oci/media-types.js";
import { createRegistryClient } from "../../oci/registry/client.js";
import type { Descriptor } from "../../oci/types.js";
import { TarParser } from "../../oci/tar/reader.js";
import type { Store } from "../../cache/store.js";
import {
  exportContext,
  exportRequest,
  temporaryDirectory,
  testImage,
  testLayer,
  testStore,
  type TestEntry,
} from "../support/images/images.js";
import { fakeRegistry, hasRegistry, startRegistry } from "../support/servers/registry.js";
import { noCredentials } from "../support/no-credentials.js";
import { notInstalled, requires, withoutProgram } from "../support/requires.js";

const NAMES = ["docker.io/library/app:1", "ghcr.io/a/b:two"];

const BOTTOM: readonly TestEntry[] = [
  { name: "etc", type: "dir", mode: 0o755 },
  { name: "etc/passwd", text: "root:x:0:0\n" },
  { name: "bin", type: "dir", mode: 0o555 },
  { name: "bin/su", mode: 0o4755, text: "#!su\n" },
  { name: "bin/sh", type: "symlink", link: "/bin/su", mode: 0o777 },
  { name: "bin/su2", type: "hardlink", link: "bin/su", mode: 0o755 },
  { name: "bin/su3", type: "hardlink", link: "bin/su", mode: 0o4755 },
  { name: "gone", text: "x" },
  { name: "dir", type: "dir", mode: 0o1777 },
  { name: "dir/old", text: "old" },
  { name: "was-file", text: "f" },
  { name: "dev", type: "char", device: { major: 1, minor: 3 }, mode: 0o666 },
];
const TOP: readonly TestEntry[] = [
  { name: "etc", type: "dir", mode: 0o750, uid: 1000 },
  { name: "etc/new", text: "n".repeat(3_000_000), uid: 300_000, mtime: { sec: 1_700_000_001, nsec: 500_000_000 } },
  { name: ".wh.gone", text: "" },
  { name: "bin/.wh.su", text: "" },
  { name: "dir", type: "dir", mode: 0o1777 },
  { name: "dir/.wh..wh..opq", text: "" },
  { name: "dir/fresh", text: "fresh" },
  { name: "was-file", type: "dir" },
  { name: "was-file/in", text: "in", xattrs: { "user.k": Buffer.from([0, 255]).toString("base64") } },
];

function rig(t: ExecutionContext): { readonly store: Store; readonly dir: string } {
  const { store, close } = testStore();
  const directory = temporaryDirectory();
  t.teardown(() => {
    close();
    execFileSync("chmod", ["-R", "u+rwx", directory.path]);
    directory.remove();
  });
  return { store, dir: directory.path };
}

function stacked(store: Store): ExportImage {
  return testImage([testLayer(store, BOTTOM), testLayer(store, TOP, "uncompressed")]);
}

const run = (exporter: Exporter, request: ExportRequest, store: Store, signal?: AbortSignal) =>
  exporter.export(request, exportContext(store, signal));

/** Returns the entries of a tar as lines: type, mode, owner, size, name, link; and its texts. */
function list(tar: Buffer): { readonly lines: readonly string[]; readonly files: ReadonlyMap<string, Buffer> } {
  const lines: string[] = [];
  const files = new Map<string, Buffer>();
  let name = "";
  const parser = new TarParser({
    entry(header) {
      name = header.name.replace(/\/$/, "");
      lines.push(
        `${header.type} ${header.mode.toString(8)} ${header.uid}:${header.gid} ${header.size} ${name}${header.link === undefined || header.link === "" ? "" : ` -> ${header.link}`}`,
      );
      if (header.type === "file") files.set(name, Buffer.alloc(0));
    },
    data: (chunk) => void files.set(name, Buffer.concat([files.get(name) as Buffer, chunk])),
    end: () => undefined,
  });
  parser.push(tar);
  parser.finish();
  return { lines, files };
}

const json = (bytes: Buffer | undefined) => JSON.parse((bytes as Buffer).toString("utf8"));

test("an image's documents are the same bytes every time, and what BuildKit would write", (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const one = assembleImage([image], "oci", parseAnnotations({ z: "1", a: "2" }));
  const again = [structuredClone({ ...image, layers: [] }), image].slice(1);
  t.deepEqual(one, assembleImage(again, "oci", parseAnnotations({ a: "2", "manifest:z": "1" })));
  const manifest = json(one.documents.get(one.target.digest));
  t.deepEqual(Object.keys(manifest), ["schemaVersion", "mediaType", "config", "layers", "annotations"]);
  t.is(manifest.layers[1].mediaType, mediaTypes.ociLayer);
  t.is(JSON.stringify(manifest.annotations), '{"a":"2","z":"1"}');
  t.is(one.target.platform?.architecture, "amd64");
  const docker = assembleImage([image], "docker");
  t.is(docker.target.mediaType, mediaTypes.dockerManifest);
  t.deepEqual(
    docker.layers.map((layer) => layer.mediaType),
    [mediaTypes.dockerLayerGzip, mediaTypes.dockerLayer],
  );
  t.is(docker.configs[0].digest, one.configs[0].digest);
  const zstd = {
    ...image,
    layers: image.layers.map((layer) => ({ ...layer, blob: { ...layer.blob, mediaType: mediaTypes.ociLayerZstd } })),
  };
  t.is(assembleImage([zstd], "docker").target.mediaType, mediaTypes.ociManifest);
  const two = assembleImage([image, testImage(image.layers, "linux/arm64")], "oci", parseAnnotations({ "index:k": "v" }));
  t.is(two.target.mediaType, mediaTypes.ociIndex);
  t.is(json(two.documents.get(two.target.digest)).manifests[1].platform.architecture, "arm64");
  t.is(two.layers.length, 2);
});

/** Annotations as users spell them, and where they then stand. */
const ANNOTATIONS: readonly (readonly [Readonly<Record<string, string>>, object])[] = [
  [{ k: "v" }, { amd64: { k: "v" }, arm64: { k: "v" } }],
  [
    { "manifest:k": "v", "index:i": "w" },
    { index: { i: "w" }, amd64: { k: "v" }, arm64: { k: "v" } },
  ],
  [{ "index,manifest:k": "v" }, { index: { k: "v" }, amd64: { k: "v" }, arm64: { k: "v" } }],
  [{ "manifest[linux/arm64]:k": "v" }, { arm64: { k: "v" } }],
  [
    { "manifest[linux/arm64/v8]:k": "own", "manifest:k": "all" },
    { amd64: { k: "all" }, arm64: { k: "own" } },
  ],
  [{ "manifest-descriptor:k": "v" }, { "amd64 descriptor": { k: "v" }, "arm64 descriptor": { k: "v" } }],
  [
    { "manifest-descriptor[linux/amd64],index-descriptor:a:b": "v" },
    { "index descriptor": { "a:b": "v" }, "amd64 descriptor": { "a:b": "v" } },
  ],
];

for (const [texts, expected] of ANNOTATIONS) {
  test(`annotations stand where docker puts them: ${Object.keys(texts).join(" ")}`, (t) => {
    const { store } = rig(t);
    const image = stacked(store);
    const { target, documents } = assembleImage([image, testImage(image.layers, "linux/arm64")], "docker", parseAnnotations(texts));
    const index = json(documents.get(target.digest));
    const found: Record<string, unknown> = { "index descriptor": target.annotations, index: index.annotations };
    for (const { digest, annotations, platform } of index.manifests as (Descriptor & { platform: { architecture: string } })[]) {
      found[platform.architecture] = json(documents.get(digest)).annotations;
      found[`${platform.architecture} descriptor`] = annotations;
    }
    t.deepEqual(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)), expected);
    // Docker's documents have no place for them but in manifests.
    const own = Object.keys(texts).every((text) => !/index|descriptor/.test(text));
    t.is(target.mediaType, own ? mediaTypes.dockerList : mediaTypes.ociIndex);
  });
}

test("an annotation that has no place is refused, and says why", (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const refused = (texts: Record<string, string>, code: string, message: RegExp): void => {
    t.throws(() => assembleImage([image], "oci", parseAnnotations(texts)), { code, message });
  };
  refused({ "index:k": "v" }, "export/no-index", /"k".*single platform/);
  refused({ "index-descriptor:k": "v" }, "export/no-index", /single platform/);
  refused({ "manifest[linux/s390x]:k": "v" }, "options/annotation", /linux\/s390x: it is not built/);
  refused({ "image:k": "v" }, "options/annotation", /"image" is none of manifest/);
  refused({ "index[linux/amd64]:k": "v" }, "options/annotation", /an index is for all platforms/);
  refused({ "manifest:": "v" }, "options/annotation", /no key/);
});

test("type=oci: a sorted, undated layout with the names as BuildKit writes them", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([stacked(store)], NAMES);
  const dest = join(dir, "out.tar");
  const result = await run(ociTar({ dest }), request, store);
  const { lines, files } = list(readFileSync(dest));
  t.deepEqual(lines.slice(0, 2), ["dir 755 0:0 0 blobs", "dir 755 0:0 0 blobs/sha256"]);
  t.deepEqual([...files.keys()].slice(-2), ["index.json", "oci-layout"]);
  t.deepEqual([...files.keys()], [...files.keys()].sort());
  for (const [name, bytes] of files) if (name.startsWith("blobs/")) t.is(`blobs/sha256/${sha256(bytes).slice(7)}`, name);
  const index = json(files.get("index.json"));
  t.deepEqual(
    index.manifests.map((entry: { annotations: unknown }) => entry.annotations),
    NAMES.map((name) => ({
      "io.containerd.image.name": name,
      "org.opencontainers.image.created": "2024-01-02T03:04:05Z",
      "org.opencontainers.image.ref.name": name.split(":")[1],
    })),
  );
  t.is(result.descriptor?.digest, index.manifests[0].digest);
  t.is(result.metadata["image.name"], NAMES.join(","));
  t.is(result.metadata["containerimage.digest"], index.manifests[0].digest);
  const again = join(dir, "again.tar");
  await run(ociTar({ dest: again }), request, store);
  t.true(readFileSync(dest).equals(readFileSync(again)));
  t.deepEqual(readdirSync(dir).sort(), ["again.tar", "out.tar"]);
  const dated = join(dir, "dated.tar");
  await run(ociTar({ dest: dated }), { ...request, epoch: 0 }, store);
  t.is(
    json(list(readFileSync(dated)).files.get("index.json")).manifests[0].annotations["org.opencontainers.image.created"],
    "1970-01-01T00:00:00Z",
  );
});

test("type=docker: a docker archive that is a layout too; one platform only", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  const dest = join(dir, "out.tar");
  await run(dockerTar({ dest }), exportRequest([image], NAMES), store);
  const { files } = list(readFileSync(dest));
  const [entry] = json(files.get("manifest.json"));
  t.deepEqual(entry.RepoTags, ["app:1", "ghcr.io/a/b:two"]);
  t.deepEqual(
    entry.Layers.map((path: string) => files.has(path)),
    [true, true],
  );
  t.deepEqual(json(files.get(entry.Config)).rootfs.diff_ids, image.config.rootfs.diff_ids);
  t.is(json(files.get("index.json")).manifests[0].mediaType, mediaTypes.dockerManifest);
  await t.throwsAsync(run(dockerTar({ dest }), exportRequest([image, image]), store), { code: "export/several-platforms" });
});

test("tar=false: a layout directory keeps its other images and changes at the end", async (t) => {
  const { store, dir } = rig(t);
  const dest = join(dir, "layout");
  const first = await run(ociLayout({ dest }), exportRequest([stacked(store)], [NAMES[0] as string]), store);
  const other = testImage([testLayer(store, [{ name: "x", text: "y" }])]);
  const second = await run(ociLayout({ dest }), exportRequest([other], [NAMES[1] as string]), store);
  const digests = () => json(readFileSync(join(dest, "index.json"))).manifests.map((entry: { digest: string }) => entry.digest);
  t.deepEqual(digests(), [first.descriptor?.digest, second.descriptor?.digest]);
  await run(ociLayout({ dest }), exportRequest([other], [NAMES[0] as string]), store);
  t.deepEqual(digests(), [second.descriptor?.digest, second.descriptor?.digest]);
  for (const name of readdirSync(join(dest, "blobs/sha256")))
    t.is(sha256(readFileSync(join(dest, "blobs/sha256", name))), `sha256:${name}` as Digest);
  const unnamed = await run(ociLayout({ dest }), exportRequest([stacked(store)]), store);
  await run(ociLayout({ dest }), exportRequest([other]), store);
  const latest = json(readFileSync(join(dest, "index.json"))).manifests.filter(
    (entry: Descriptor) => entry.annotations?.["org.opencontainers.image.ref.name"] === "latest",
  );
  t.deepEqual(
    latest.map((entry: Descriptor) => entry.digest),
    [second.descriptor?.digest],
    "one image is latest",
  );
  t.is(unnamed.metadata["image.name"], undefined);
  writeFileSync(join(dir, "file"), "");
  await t.throwsAsync(run(ociLayout({ dest: dir }), exportRequest([other]), store), { code: "export/not-a-layout" });
  t.deepEqual(readdirSync(dir).sort(), ["file", "layout"]);
});

const expectedTar = `dir 555 0:0 0 bin
dir 1777 0:0 0 dir
dir 750 1000:0 0 etc
dir 644 0:0 0 was-file
symlink 777 0:0 0 bin/sh -> /bin/su
char 666 0:0 0 dev
file 4755 0:0 5 bin/su2
hardlink 4755 0:0 0 bin/su3 -> bin/su2
file 644 0:0 11 etc/passwd
file 644 300000:0 3000000 etc/new
file 644 0:0 5 dir/fresh
file 644 0:0 2 was-file/in`;

test("type=tar: what the stack shows, with owners, modes, hard links and xattrs", async (t) => {
  const { store, dir } = rig(t);
  const dest = join(dir, "rootfs.tar");
  const request = exportRequest([stacked(store)]);
  await run(rootfsTar({ dest }), request, store);
  const { lines, files } = list(readFileSync(dest));
  t.deepEqual([...lines].sort(), expectedTar.split("\n").sort());
  t.is(files.get("etc/new")?.length, 3_000_000);
  t.is(files.get("bin/su2")?.toString(), "#!su\n");
  t.true(readFileSync(dest).includes(Buffer.from("SCHILY.xattr.user.k=\0\xff", "latin1")));
  const listing = execFileSync("tar", ["tvf", dest]).toString();
  t.regex(listing, /300000\/0 +3000000 2023-11-14 22:13 etc\/new/);
  const chunks: Buffer[] = [];
  const slow = new Writable({
    highWaterMark: 1000,
    write: (chunk: Buffer, _, done) => setImmediate(() => (chunks.push(Buffer.from(chunk)), done())),
  });
  await run(rootfsTar({ dest: slow }), request, store);
  t.true(Buffer.concat(chunks).equals(readFileSync(dest)));
  t.true(slow.writableFinished);
  await run(
    rootfsTar({ dest }),
    { ...exportRequest([stacked(store), testImage(stacked(store).layers, "linux/arm64")]), epoch: 86_400_000 },
    store,
  );
  t.true(list(readFileSync(dest)).files.has("linux_arm64/etc/passwd"));
  t.regex(execFileSync("tar", ["tvf", dest], { env: { TZ: "UTC" } }).toString(), /1970-01-02 00:00 linux_amd64\/etc\/new/);
});

const IN_1960 = { sec: -315_619_200, nsec: 0 };
const TIMES = {
  "in 1960": IN_1960,
  "a second before the epoch": { sec: -1, nsec: 0 },
  "a part of a second before the epoch": { sec: -2, nsec: 250_000_000 },
  "the epoch": { sec: 0, nsec: 0 },
  "a nanosecond": { sec: 1_700_000_001, nsec: 123_456_789 },
};

test("type=local and type=tar keep every time, of files, directories and links", async (t) => {
  const { store, dir } = rig(t);
  const kinds = { file: { text: "x" }, dir: {}, symlink: { link: "nowhere" } } as const;
  const names = Object.entries(TIMES).flatMap(([name, mtime]) =>
    (["file", "dir", "symlink"] as const).map((type) => ({ name: `${type} ${name}`, type, mtime, ...kinds[type] })),
  );
  const linked = { name: "z", type: "hardlink", link: "file in 1960", mtime: IN_1960 } as const;
  const request = exportRequest([testImage([testLayer(store, [...names, linked])])]);
  const ns = ({ sec, nsec }: { readonly sec: number; readonly nsec: number }) => BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), request, store);
  const written = (at: string) => names.map(({ name }) => [name, lstatSync(join(at, name), { bigint: true }).mtimeNs]);
  t.deepEqual(
    written(dest),
    names.map(({ name, mtime }) => [name, ns(mtime)]),
  );
  t.is(lstatSync(join(dest, "z"), { bigint: true }).mtimeNs, ns(IN_1960));
  await run(localDirectory({ dest }), { ...request, epoch: -1000 }, store);
  t.deepEqual(new Set(written(dest).map(([, time]) => time)), new Set([-1_000_000_000n]));
  const archive = join(dir, "out.tar");
  await run(rootfsTar({ dest: archive }), request, store);
  const times: [string, bigint][] = [];
  const parser = new TarParser({
    entry: ({ name, mtime }) => times.push([name.replace(/\/$/, ""), ns(mtime)]),
    data: () => undefined,
    end: () => undefined,
  });
  parser.push(readFileSync(archive));
  parser.finish();
  t.deepEqual(times.sort(), [...names, linked].map(({ name, mtime }): [string, bigint] => [name, ns(mtime)]).sort());
});

test("type=local keeps pipes and data attributes, and leaves devices and rights behind", async (t) => {
  const { store, dir } = rig(t);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const xattrs = { "security.capability": "AQAAAgAgAAAAAAAAAAAAAAAAAAA=", "user.note": base64("data") };
  const layer = testLayer(store, [
    { name: "closed", type: "file", text: "x", mode: 0o444, xattrs },
    { name: "d", type: "dir", mode: 0o555, xattrs },
    { name: "d/pipe", type: "fifo", mode: 0o640, mtime: IN_1960 },
    { name: "null", type: "char", device: { major: 1, minor: 3 } },
  ]);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), exportRequest([testImage([layer])]), store);
  t.deepEqual(readdirSync(dest), ["closed", "d"]);
  for (const name of ["closed", "d"]) {
    t.deepEqual(llistxattr(join(dest, name)), ["user.note"], name);
    t.is(lgetxattr(join(dest, name), "user.note")?.toString(), "data", name);
  }
  const pipe = lstatSync(join(dest, "d/pipe"), { bigint: true });
  t.true(pipe.isFIFO());
  t.is(pipe.mode & 0o7777n, 0o640n);
  t.is(pipe.mtimeNs, BigInt(IN_1960.sec) * 1_000_000_000n);
  t.deepEqual([lstatSync(join(dest, "closed")).mode & 0o7777, lstatSync(join(dest, "d")).mode & 0o7777], [0o444, 0o555]);
});

test("type=local: files for the caller, merged into what is there, links never followed", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([stacked(store)]);
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), request, store);
  t.deepEqual(readdirSync(dest), ["bin", "dir", "etc", "was-file"]);
  t.is(lstatSync(join(dest, "bin")).mode & 0o7777, 0o555);
  t.is(lstatSync(join(dest, "bin/su2")).mode & 0o7777, 0o755);
  t.is(lstatSync(join(dest, "bin/su2")).ino, lstatSync(join(dest, "bin/su3")).ino);
  t.is(lstatSync(join(dest, "dir")).mode & 0o7777, 0o1777);
  t.is(readlinkSync(join(dest, "bin/sh")), "/bin/su");
  t.is(statSync(join(dest, "etc/new")).mtimeMs, 1_700_000_001_500);
  t.is(lstatSync(join(dest, "etc/new")).uid, process.getuid?.() ?? 0);
  t.deepEqual(readdirSync(join(dest, "dir")), ["fresh"]);
  t.deepEqual(readdirSync(dir), ["out"]);

  const outside = join(dir, "outside");
  mkdirSync(outside);
  const busy = join(dir, "busy");
  mkdirSync(busy);
  symlinkSync(outside, join(busy, "etc"));
  writeFileSync(join(busy, "mine"), "mine");
  writeFileSync(join(busy, "dir"), "a file where a directory comes");
  mkdirSync(join(busy, "bin"));
  mkdirSync(join(busy, "bin/su2"));
  writeFileSync(join(busy, "bin/su2/x"), "");
  await run(localDirectory({ dest: busy }), { ...request, epoch: 5000 }, store);
  t.deepEqual(readdirSync(busy), ["bin", "dir", "etc", "mine", "was-file"]);
  t.deepEqual(readdirSync(outside), []);
  t.is(readFileSync(join(busy, "bin/su2"), "utf8"), "#!su\n");
  t.is(statSync(join(busy, "etc/passwd")).mtimeMs, 5000);
  await run(localDirectory({ dest: busy }), exportRequest([request.images[0] as ExportImage, testImage([], "linux/arm/v7")]), store);
  t.true(existsSync(join(busy, "linux_amd64/etc/passwd")) && existsSync(join(busy, "linux_arm_v7")));
  await t.throwsAsync(run(localDirectory({ dest: join(busy, "mine") }), request, store), { code: "export/not-a-directory" });
});

for (const [name, exporter, read] of [
  [
    "local",
    localDirectory,
    (dest: string) => execFileSync("find", [".", "-type", "f"], { cwd: dest }).toString().split("\n").filter(Boolean),
  ],
  ["tar", rootfsTar, (dest: string) => [...list(readFileSync(dest)).files.keys()].map((path) => `./${path}`)],
] as const) {
  test(`type=${name}: platform-split decides about folders, for one platform and for several`, async (t) => {
    const { store, dir } = rig(t);
    const amd64 = testImage([
      testLayer(store, [
        { name: "d", type: "dir", mode: 0o500 },
        { name: "d/a", text: "a" },
      ]),
    ]);
    const arm64 = testImage(
      [
        testLayer(store, [
          { name: "d", type: "dir", mode: 0o500 },
          { name: "d/b", text: "b" },
        ]),
      ],
      "linux/arm64",
    );
    let runs = 0;
    const files = async (images: readonly ExportImage[], platformSplit?: boolean): Promise<readonly string[]> => {
      const dest = join(dir, `out${runs++}`);
      await run(exporter({ dest, ...(platformSplit === undefined ? {} : { platformSplit }) }), exportRequest(images), store);
      return [...read(dest)].sort();
    };
    t.deepEqual(await files([amd64]), ["./d/a"]);
    t.deepEqual(await files([amd64], false), ["./d/a"]);
    t.deepEqual(await files([amd64], true), ["./linux_amd64/d/a"]);
    t.deepEqual(await files([amd64, arm64]), ["./linux_amd64/d/a", "./linux_arm64/d/b"]);
    t.deepEqual(await files([amd64, arm64], false), ["./d/a", "./d/b"]);
    await t.throwsAsync(files([amd64, { ...amd64, platform: arm64.platform }], false), {
      code: "export/platform-conflict",
      message: /"\/d\/a" of linux\/arm64: linux\/amd64 has it too/,
    });
    t.false(existsSync(join(dir, `out${runs - 1}`)));
  });
}

test("oci-mediatypes: each exporter writes the types that are asked for; what only OCI has turns them", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  const types = async (exporter: Exporter, more: Partial<ExportRequest>): Promise<readonly (string | undefined)[]> => {
    const { descriptor } = await run(exporter, exportRequest([image], [], more), store);
    return [descriptor?.mediaType];
  };
  for (const [name, exporter] of [
    ["oci", ociTar],
    ["docker", dockerTar],
    ["layout", ociLayout],
  ] as const) {
    t.deepEqual(await types(exporter({ dest: join(dir, name) }), { mediaTypes: "docker" }), [mediaTypes.dockerManifest], name);
    t.deepEqual(await types(exporter({ dest: join(dir, name) }), { mediaTypes: "oci" }), [mediaTypes.ociManifest], name);
  }
  const { descriptor } = await run(imageStore(store), exportRequest([image], NAMES, { mediaTypes: "docker" }), store);
  const manifest = json(store.blobs.readSmall(descriptor?.digest as Digest));
  t.deepEqual(
    [manifest.mediaType, manifest.config.mediaType, ...manifest.layers.map((layer: Descriptor) => layer.mediaType)],
    [mediaTypes.dockerManifest, mediaTypes.dockerConfig, mediaTypes.dockerLayerGzip, mediaTypes.dockerLayer],
  );
});

test("an image without a name is called by its prefix and digest; without a store nothing is kept", async (t) => {
  const { store } = rig(t);
  const request = exportRequest([stacked(store)], [], { danglingPrefix: "dangling" });
  const before = [...store.blobs.list()].length;
  const { metadata, descriptor } = await run(imageStore(undefined), request, store);
  t.is(metadata["image.name"], `dangling@${descriptor?.digest}`);
  t.is(metadata["containerimage.digest"], descriptor?.digest);
  t.deepEqual([store.images.list(), [...store.blobs.list()].length], [[], before]);
  await run(imageStore(store), request, store);
  await run(imageStore(store), exportRequest([stacked(store)], ["docker.io/library/app"]), store);
  t.deepEqual(
    store.images.list().map(({ name, target }) => [name, target.digest]),
    [[undefined, descriptor?.digest as Digest]],
  );
});

/** Each exporter that writes to a path, with what is at that path before. */
const writers: readonly (readonly [string, (dest: string) => Exporter])[] = [
  ["oci", (dest) => ociTar({ dest })],
  ["docker", (dest) => dockerTar({ dest })],
  ["tar", (dest) => rootfsTar({ dest })],
  ["local", (dest) => localDirectory({ dest })],
  ["layout", (dest) => ociLayout({ dest })],
];

for (const [name, exporter] of writers) {
  test(`${name}: a damaged layer, an abort and a missing layer leave what was there`, async (t) => {
    const { store, dir } = rig(t);
    const image = testImage([
      testLayer(store, [{ name: "a", text: "a" }]),
      testLayer(store, [{ name: "b", text: "b".repeat(5000) }], "uncompressed"),
    ]);
    const damaged = image.layers[1]?.blob.digest as Digest;
    const path = store.blobs.path(damaged);
    const whole = readFileSync(path);
    const dest = join(dir, "out");
    const isDirectory = name === "local" || name === "layout";
    if (!isDirectory) writeFileSync(dest, "before");
    const unchanged = () =>
      t.deepEqual([readdirSync(dir), isDirectory || readFileSync(dest, "utf8")], isDirectory ? [[], true] : [["out"], "before"]);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store, AbortSignal.abort()), { code: "build/canceled" });
    unchanged();
    chmodSync(path, 0o644);
    const bad = Buffer.from(whole);
    bad[600] = 0x63;
    writeFileSync(path, bad);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store), { code: "store/blob-corrupt" });
    unchanged();
    store.blobs.remove(damaged);
    await t.throwsAsync(run(exporter(dest), exportRequest([image]), store), { code: "export/layer-missing" });
    unchanged();
  });
}

test("a file destination keeps links and pipes what they are", async (t) => {
  const { store, dir } = rig(t);
  const request = exportRequest([testImage([])]);
  writeFileSync(join(dir, "real.tar"), "old");
  symlinkSync("real.tar", join(dir, "link.tar"));
  await run(ociTar({ dest: join(dir, "link.tar") }), request, store);
  t.true(lstatSync(join(dir, "link.tar")).isSymbolicLink());
  t.true(list(readFileSync(join(dir, "real.tar"))).files.has("index.json"));
  await run(ociTar({ dest: "/dev/null" }), request, store);
  t.true(lstatSync("/dev/null").isCharacterDevice());
  await t.throwsAsync(run(ociTar({ dest: dir }), request, store), { code: "export/is-directory" });
  await t.throwsAsync(run(ociTar({ dest: "/proc/nowhere/x.tar" }), request, store), {
    code: "export/no-directory",
    message: 'Cannot write "/proc/nowhere/x.tar": there is no directory "/proc/nowhere"',
  });
});

test("a stream that its reader closes ends the export", async (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const gone = new Writable({
    highWaterMark: 10,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  });
  await t.throwsAsync(run(ociTar({ dest: gone }), exportRequest([image]), store), {
    code: "export/write-failed",
    message: /its reader has gone/,
  });
  const stuck = new Writable({ highWaterMark: 10, write: () => undefined });
  const abort = new AbortController();
  const running = run(ociTar({ dest: stuck }), exportRequest([image]), store, abort.signal);
  setImmediate(() => abort.abort());
  await t.throwsAsync(running, { code: "build/canceled" });
});

test("type=local: a path that is too long below the destination is named, and nothing is left", async (t) => {
  const { store, dir } = rig(t);
  const name = Array.from({ length: 16 }, () => "n".repeat(240)).join("/");
  const image = testImage([
    testLayer(store, [
      { name: "short", text: "x" },
      { name: `${name}/last`, text: "x" },
    ]),
  ]);
  const dest = join(dir, ...Array.from({ length: 2 }, () => "d".repeat(200)));
  const error = await t.throwsAsync(run(localDirectory({ dest }), exportRequest([image]), store), { code: "export/path-too-long" });
  t.regex(error.message, /^Cannot export files to "[^"]{91}": the path of the file "n{60}…n{30}" in it would be too long .*\(\d+ bytes\)$/);
  t.deepEqual(readdirSync(dirname(dest)), []);
});

test("type=local: two names that are one to the file system are no silent loss; a path twice in a layer is its last", async (t) => {
  const { store, dir } = rig(t);
  const twice = testImage([
    testLayer(store, [
      { name: "a", text: "first" },
      { name: "b", text: "" },
      { name: "a", text: "second" },
    ]),
  ]);
  await run(localDirectory({ dest: join(dir, "twice") }), exportRequest([twice]), store);
  t.is(readFileSync(join(dir, "twice", "a"), "utf8"), "second");
  const image = testImage([testLayer(store, [{ name: "a", text: "1" }]), testLayer(store, [{ name: "b", text: "2" }])]);
  const dest = join(dir, "dest");
  mkdirSync(dest);
  const context = {
    ...exportContext(store),
    progress: () => {
      // After the first layer, a file system that folds case would show a file under the name of
      // the second.
      const [stage = ""] = readdirSync(dest);
      if (!existsSync(join(dest, stage, "b"))) writeFileSync(join(dest, stage, "b"), "folded");
    },
  };
  await t.throwsAsync(localDirectory({ dest }).export(exportRequest([image]), context), {
    code: "export/name-collision",
    message: /"b" is the same/,
  });
  t.deepEqual(readdirSync(dest), []);
});

test("type=image: the store knows the image and its layers; again is no change", async (t) => {
  const { store } = rig(t);
  const image = stacked(store);
  const result = await run(imageStore(store), exportRequest([image], NAMES), store);
  t.is(store.images.get(NAMES[0] as string)?.target.digest, result.descriptor?.digest);
  t.is(store.layers.byDiffId(image.layers[0]?.diffId as Digest)?.blob?.digest, image.layers[0]?.blob.digest);
  const before = store.images.list();
  await run(imageStore(store), exportRequest([image], NAMES), store);
  t.deepEqual(store.images.list(), before);
  await run(imageStore(store), exportRequest([testImage([])]), store);
  t.is(store.images.list().filter(({ name }) => name === undefined).length, 1);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))(
  "type=registry: blobs, manifests, tag; the next repository mounts",
  async (t) => {
    const { store, dir } = rig(t);
    const registry = await startRegistry();
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    t.teardown(async () => {
      client.close();
      await registry.stop();
    });
    const names = [`${registry.host}/a/one:1`, `${registry.host}/a/one:2`, `${registry.host}/b/two:1`];
    const image = stacked(store);
    const request = exportRequest([image, testImage(image.layers, "linux/arm64")], names);
    const result = await run(registryPush({ client }), request, store);
    for (const name of names) t.is((await client.resolve(name)).digest, result.descriptor?.digest as Digest);
    if (spawnSync("skopeo", ["--version"]).status === 0) {
      const inspect = ["inspect", "--tls-verify=false", `docker://${names[2]}`];
      const inspected = JSON.parse(execFileSync("skopeo", inspect, { env: noCredentials(dir) }).toString());
      t.deepEqual(
        inspected.Layers,
        image.layers.map((layer) => layer.blob.digest),
      );
    }
    await t.throwsAsync(run(registryPush({ client }), exportRequest([image]), store), { code: "export/no-name" });
  },
);

test("a layer that may be elsewhere is brought only when the registry does not take it over", async (t) => {
  const { store } = rig(t);
  for (const [mounts, expected] of [
    [true, 0],
    [false, 1],
  ] as const) {
    let brought = 0;
    const fake = await fakeRegistry((request, response) => {
      const query = new URL(request.url, "http://fake").searchParams;
      const mounted = mounts ? query.get("mount") : null;
      const has = (digest: string) => response.writeHead(201, { "docker-content-digest": digest }).end();
      if (request.method === "HEAD") response.writeHead(404).end();
      else if (request.method === "POST" && mounted === null) response.writeHead(202, { location: "/upload" }).end();
      else has(mounted ?? query.get("digest") ?? sha256(request.body));
    });
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    const layer = testLayer(store, [{ name: `file-${mounts}`, text: "x" }]);
    const bytes = readFileSync(store.blobs.path(layer.blob.digest));
    rmSync(store.blobs.path(layer.blob.digest));
    const bring = async () => {
      brought++;
      store.blobs.writeSmall(bytes);
    };
    const image = testImage([{ ...layer, origin: `${fake.host}/base:1`, bring }]);
    try {
      await run(registryPush({ client }), exportRequest([image], [`${fake.host}/x:1`]), store);
    } finally {
      client.close();
      await fake.close();
    }
    t.is(brought, expected);
    t.is(existsSync(store.blobs.path(layer.blob.digest)), !mounts);
  }
});

test("a push that fails says why and stops the other uploads", async (t) => {
  const { store } = rig(t);
  const fake = await fakeRegistry((request, response) => void response.writeHead(request.method === "HEAD" ? 404 : 403).end());
  const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  await t.throwsAsync(run(registryPush({ client }), exportRequest([stacked(store)], [`${fake.host}/x:1`]), store), {
    code: "registry/denied",
    message: /^Cannot push blob sha256:/,
  });
});

requires(withoutProgram("skopeo"), withoutProgram("umoci"))("skopeo and umoci read what is written", async (t) => {
  const { store, dir } = rig(t);
  const image = stacked(store);
  await run(ociTar({ dest: join(dir, "oci.tar") }), exportRequest([image], [NAMES[0] as string]), store);
  await run(dockerTar({ dest: join(dir, "docker.tar") }), exportRequest([image], NAMES), store);
  await run(ociLayout({ dest: join(dir, "layout") }), exportRequest([image], [NAMES[0] as string]), store);
  for (const source of ["oci-archive:oci.tar:1", "docker-archive:docker.tar:app:1", "oci:layout:1"]) {
    const inspected = JSON.parse(execFileSync("skopeo", ["inspect", "--config", source], { cwd: dir }).toString());
    t.deepEqual(inspected.rootfs.diff_ids, image.config.rootfs.diff_ids, source);
  }
  execFileSync("umoci", ["unpack", "--rootless", "--image", "layout:1", "bundle"], { cwd: dir, stdio: "ignore" });
  t.is(readFileSync(join(dir, "bundle/rootfs/dir/fresh"), "utf8"), "fresh");
  t.false(existsSync(join(dir, "bundle/rootfs/gone")));
  const layer = image.layers[0] as ExportImage["layers"][number];
  t.is(sha256(gunzipSync(readFileSync(store.blobs.path(layer.blob.digest)))), layer.diffId);
});
