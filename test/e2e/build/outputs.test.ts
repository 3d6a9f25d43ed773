import { existsSync, readFileSync } from "node:fs";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";

const { serial, host } = busyboxSuite();

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

interface Document {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly config?: { readonly mediaType: string };
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[];
  readonly manifests?: readonly {
    readonly mediaType: string;
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** Returns a manifest or index as the registry has it. */
async function pushed(name: string): Promise<Document | undefined> {
  const [, repository = "", separator, reference = ""] = /^[^/]+\/([^:@]+)([:@])(.*)$/.exec(name) ?? [];
  if (separator === undefined) throw new Error(`"${name}" has neither tag nor digest`);
  const types = [
    `${OCI}.manifest.v1+json`,
    `${OCI}.index.v1+json`,
    `${DOCKER}.distribution.manifest.v2+json`,
    `${DOCKER}.distribution.manifest.list.v2+json`,
  ];
  const answer = await fetch(`http://${host()}/v2/${repository}/manifests/${reference}`, { headers: { accept: types.join(", ") } });
  return answer.ok ? ((await answer.json()) as Document) : undefined;
}

function project(rig: Rig): string {
  return rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY file /\n", file: "content" });
}

async function build(rig: Rig, ...args: string[]): Promise<{ readonly stderr: string; readonly metadata: Record<string, unknown> }> {
  const metadata = rig.path("metadata.json");
  const { code, stderr } = await rig.cli([
    "build",
    "--build-arg",
    `REGISTRY=${host()}`,
    "--metadata-file",
    metadata,
    ...args,
    project(rig),
  ]);
  if (code !== 0) throw new Error(stderr);
  return { stderr, metadata: JSON.parse(readFileSync(metadata, "utf8")) as Record<string, unknown> };
}

serial(
  "a push by digest makes no tag; the store finds the image by name and digest; what pushes it by name later sends it whole",
  async (t) =>
    withRig(async (rig) => {
      const name = `${host()}/by/digest`;
      const { metadata } = await build(rig, "-o", `type=image,name=${name},push=true,push-by-digest=true,name-canonical=true`);
      const digest = metadata["containerimage.digest"] as string;
      t.is(metadata["image.name"], name);
      t.is((await pushed(`${name}@${digest}`))?.mediaType, `${OCI}.manifest.v1+json`);
      t.is(await pushed(`${name}:latest`), undefined);
      const { code, stdout, stderr } = await rig.cli(["inspect", "--format", "{{.Descriptor.digest}}", `${name}@${digest}`]);
      t.is(code, 0, stderr);
      t.is(stdout.toString().trim(), digest);
      const images = await rig.cli(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
      t.is(images.stdout.toString(), "<none>:<none>\n");
      const nameless = await build(
        rig,
        "-o",
        `type=image,push=true,store=false,dangling-name-prefix=${host()}/dangling`,
        "--annotation",
        "a=b",
      );
      const called = nameless.metadata["image.name"] as string;
      t.is(called, `${host()}/dangling@${nameless.metadata["containerimage.digest"]}`);
      t.deepEqual((await pushed(called))?.annotations, { a: "b" });
    }),
);

serial("force-compression is for all layers, the base's too; what was compressed once is found again", async (t) =>
  withRig(async (rig) => {
    const types = async (name: string, ...attributes: string[]) => {
      await build(rig, "-o", [`type=registry,name=${host()}/${name}`, ...attributes].join(","));
      return (await pushed(`${host()}/${name}`))?.layers?.map(({ mediaType }) => mediaType.replace(/^.*layer\.v1\./, ""));
    };
    t.deepEqual(await types("form/plain:1"), ["tar+gzip", "tar+gzip"]);
    t.deepEqual(await types("form/kept:1", "compression=uncompressed"), ["tar+gzip", "tar+gzip"]);
    t.deepEqual(await types("form/forced:1", "compression=uncompressed", "force-compression=true"), ["tar", "tar"]);
    t.deepEqual(await types("form/plain:2"), ["tar+gzip", "tar+gzip"]);
  }),
);

serial("oci-mediatypes=false is docker's words everywhere, in a registry and in an archive", async (t) =>
  withRig(async (rig) => {
    const name = `${host()}/words:1`;
    await build(
      rig,
      "-t",
      name,
      "-o",
      "type=registry,oci-mediatypes=false",
      "-o",
      `type=oci,oci-mediatypes=false,dest=${rig.path("o.tar")}`,
    );
    const manifest = await pushed(name);
    const expected = [
      "distribution.manifest.v2+json",
      "container.image.v1+json",
      "image.rootfs.diff.tar.gzip",
      "image.rootfs.diff.tar.gzip",
    ];
    t.deepEqual(
      [manifest?.mediaType, manifest?.config?.mediaType, ...(manifest?.layers ?? []).map((layer) => layer.mediaType)],
      expected.map((type) => `${DOCKER}.${type}`),
    );
    const index = JSON.parse(await rig.tarFile(rig.path("o.tar"), "index.json")) as Document;
    t.is(index.manifests?.[0]?.mediaType, `${DOCKER}.distribution.manifest.v2+json`);
  }),
);

serial("annotations of all levels arrive in the registry where docker puts them", async (t) =>
  withRig(async (rig) => {
    const name = `${host()}/levels:1`;
    const scratch = rig.context("scratch", { Dockerfile: "FROM scratch\nCOPY file /\n", file: "content" });
    const annotations = ["index:i=1", "manifest:m=2", "both=3", "manifest[linux/arm64]:own=4", "manifest-descriptor:d=5"];
    const flags = annotations.flatMap((annotation) => ["--annotation", annotation]);
    const args = [
      "build",
      "--platform",
      "linux/amd64,linux/arm64",
      "-t",
      name,
      "-o",
      "type=registry,annotation-index.o=6",
      ...flags,
      scratch,
    ];
    const { code, stderr } = await rig.cli(args);
    t.is(code, 0, stderr);
    const index = await pushed(name);
    t.deepEqual(index?.annotations, { i: "1", o: "6" });
    t.deepEqual(
      index?.manifests?.map(({ annotations: found }) => found),
      [{ d: "5" }, { d: "5" }],
    );
    const manifests = await Promise.all((index?.manifests ?? []).map(({ digest }) => pushed(`${host()}/levels@${digest}`)));
    t.deepEqual(
      manifests.map((manifest) => manifest?.annotations),
      [
        { both: "3", m: "2" },
        { both: "3", m: "2", own: "4" },
      ],
    );
  }),
);

serial("unpack leaves the layers of the image unpacked in the store", async (t) =>
  withRig(async (rig) => {
    await build(rig, "-t", "app");
    t.deepEqual(rig.snapshots(), []);
    await build(rig, "-t", "app", "-o", "type=image,unpack=true");
    t.is(rig.snapshots().length, 2);
  }),
);

serial("an impossible option is reported before a step runs, with exit code 2", async (t) =>
  withRig(async (rig) => {
    for (const [output, message] of [
      [`type=registry,name=${host()}/a:1,push-by-digest=true`, /it has a tag of its own/],
      ["type=registry", /it has no name/],
      ["type=image,annotation-index.a=b", /an image for a single platform has none/],
    ] as const) {
      const { code, stderr } = await rig.cli(["build", "-o", output, rig.context("context", { Dockerfile: "FROM nowhere.invalid/x\n" })]);
      t.regex(stderr, message);
      t.is(code, 2, stderr);
      t.false(existsSync(rig.store));
    }
  }),
);

/** A scanner: its statement has what it finds in the file of the image below it. */
const SCAN =
  'printf \'{"predicateType":"https://spdx.dev/Document","predicate":{"seen":"%s"}}\' "$(cat $BUILDKIT_SCAN_SOURCE/file)" > $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json; echo x > $BUILDKIT_SCAN_SOURCE/file || true';

serial("attestations are pushed beside the image, which a scanner reads and cannot change; imagetools reads them", async (t) =>
  withRig(async (rig) => {
    const scanner = `${host()}/scanner:1`;
    const run = ["FROM $REGISTRY/busybox", `ENTRYPOINT ["sh", "-c", ${JSON.stringify(SCAN)}]`].join("\n");
    const arg = ["--build-arg", `REGISTRY=${host()}`];
    const made = await rig.cli([
      "build",
      ...arg,
      "--push",
      "-t",
      scanner,
      rig.context("scanner", { Dockerfile: `ARG REGISTRY\n${run}\n` }),
    ]);
    t.is(made.code, 0, made.stderr);
    const name = `${host()}/attested:1`;
    const push = ["-t", name, "--push", "--provenance=mode=max"];
    const { metadata } = await build(rig, ...push, `--sbom=generator=${scanner},IGNORED=1`);
    t.is((metadata["buildx.build.provenance"] as { readonly buildType: string }).buildType, "https://mobyproject.org/buildkit@v1");
    const index = await pushed(name);
    t.is(index?.mediaType, `${OCI}.index.v1+json`);
    t.is(index?.manifests?.[1]?.annotations?.["vnd.docker.reference.digest"], index?.manifests?.[0]?.digest);
    const format = "{{ json .SBOM.SPDX }} {{ (index .Provenance.SLSA.materials 0).uri }}";
    const { stdout, stderr } = await rig.cli(["imagetools", "inspect", name, "--format", format]);
    t.regex(stdout.toString(), /"seen": ?"content"[^]* pkg:docker\/[^ ]*busybox@latest\?platform=/, stderr);
    t.is((await rig.cli(["du", "--verify"])).code, 0);
  }),
);

/** A list of npm's, with one package. */
const packageNamed = (name: string): string => JSON.stringify({ name, version: "1.0.0" });

const SCANNED = `ARG REGISTRY
FROM scratch AS build
ARG BUILDKIT_SBOM_SCAN_STAGE=true
COPY built /node_modules/built
FROM $REGISTRY/busybox
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
COPY --from=build /node_modules/built /made
`;
const SCANNED_FILES = {
  Dockerfile: SCANNED,
  "built/package.json": packageNamed("built"),
  "node_modules/here/package.json": packageNamed("here"),
  "node_modules/unseen/package.json": packageNamed("unseen"),
  ".dockerignore": "node_modules/unseen\n",
};

serial("an SBOM covers the context and the stages that the Dockerfile names", async (t) =>
  withRig(async (rig) => {
    const out = rig.path("out");
    const args = ["--build-arg", `REGISTRY=${host()}`, "--sbom=true", "-o", `type=local,dest=${out}`];
    const { code, stderr } = await rig.cli(["build", ...args, rig.context("context", SCANNED_FILES)]);
    t.is(code, 0, stderr);
    const packages = (file: string): unknown => {
      const { predicate } = JSON.parse(readFileSync(`${out}/${file}`, "utf8")) as {
        readonly predicate: { readonly name: string; readonly packages: readonly { readonly name: string }[] };
      };
      return predicate.packages.map(({ name }) => name);
    };
    t.deepEqual(packages("sbom.spdx.json"), ["image"]);
    t.deepEqual(packages("sbom-build.spdx.json"), ["build", "built"]);
    t.deepEqual(packages("sbom-context.spdx.json"), ["context", "here"]);
  }),
);

serial("image prune takes images without a name and leaves what is cached: steps and cache mounts", async (t) =>
  withRig(async (rig) => {
    const text = "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN --mount=type=cache,target=/c echo kept >> /c/file && cp /c/file /file\n";
    const context = rig.context("context", { Dockerfile: text });
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await rig.cli(args);
      if (code !== 0) throw new Error(stderr);
      return { stdout: stdout.toString(), stderr };
    };
    const build = (...args: string[]) => run("build", "--build-arg", `REGISTRY=${host()}`, ...args, context);
    await build("-t", "app");
    await build("--annotation", "a=b");
    const { stdout } = await run("image", "prune", "-f");
    t.regex(stdout, /^Deleted Images:\ndeleted: sha256:[0-9a-f]{64}\n\nTotal reclaimed space: \d/);
    t.is((await run("images", "-q")).stdout.split("\n").length, 2);
    t.regex((await run("du")).stdout, /mount/);
    t.regex((await build("--annotation", "a=b")).stderr, /CACHED/);
    t.regex((await run("image", "prune", "-af")).stdout, /untagged: app:latest/);
    t.is((await run("images", "-q")).stdout, "");
    t.regex((await build()).stderr, /CACHED/);
    t.is((await run("image", "prune", "-f", "--filter", "until=24h")).stdout, "Total reclaimed space: 0B\n");
  }),
);
