import test from "ava";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import type { RealRegistry } from "../../support/servers/registry.js";
import { type Ended, Rig } from "../../support/rigs/rig.js";
import { imageConfig } from "../../support/rigs/scenario.js";
import { NO_BUILDX, notInstalled, requires, withoutPodman } from "../../support/requires.js";

// Tarballs that other programs read, and theirs that we read. Docker takes part where DOCKER_HOST
// names one.

const missing = missingForBusybox();
const base = notInstalled(missing);
const { serial } = requires(base);
const withPodman = requires(base, withoutPodman()).serial;
const withUmoci = requires(base, without("umoci")).serial;
const withDocker = requires(base, hasDocker() ? undefined : NO_BUILDX).serial;
const NAME = "docker.io/library/e2e-interchange:1";
let registry: RealRegistry;
let rig: Rig;

function without(program: string): string | undefined {
  return existsSync(`/usr/bin/${program}`) ? undefined : notInstalled(program);
}

function hasDocker(): boolean {
  return process.env["DOCKER_HOST"] !== undefined && spawnSync("docker", ["version"], { stdio: "ignore" }).status === 0;
}

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/busybox
RUN mkdir /made && echo hello > /made/file && chmod 4711 /made/file && ln /made/file /made/link && ln -s file /made/soft && chown 33:50 /made
RUN rm -r /var/www && echo gone > /var/note
COPY --chown=app Dockerfile /copied
USER app
ENV KIND=example
ENTRYPOINT ["/bin/cat", "/made/file"]
`;

test.before(async () => {
  if (missing !== undefined) return;
  registry = await startBusyboxRegistry();
  rig = new Rig();
  const context = rig.context("context", { Dockerfile: DOCKERFILE });
  const outputs = ["-o", `type=oci,dest=${rig.path("oci.tar")}`, "-o", `type=docker,dest=${rig.path("docker.tar")}`, "-o", "type=image"];
  ok(await rig.cli(["build", "--build-arg", `REGISTRY=${registry.host}`, "-t", NAME, ...outputs, context]));
  ok(await rig.cli(["save", "-o", rig.path("saved.tar"), NAME]));
});

test.after.always(async () => {
  await rig?.dispose();
  await registry?.stop();
});

function ok(ended: Ended): string {
  if (ended.code !== 0) throw new Error(`exit code ${ended.code}\n${ended.stderr}\n${ended.stdout.toString("utf8")}`);
  return ended.stdout.toString("utf8");
}

const run = async (command: string, args: readonly string[], input?: Buffer) =>
  ok(await rig.spawn(command, args, input ? { input } : {}).ended);
const tsbuild = async (...args: string[]) => ok(await rig.cli(args));
const skopeo = (...args: string[]) => run("skopeo", ["--insecure-policy", ...args]);

/** podman with a store of its own, without the network and cgroups that loading does not need. */
const podman = (...args: string[]) =>
  run("podman", ["--root", rig.path("podman"), "--runroot", rig.path("podman-run"), "--storage-driver", "vfs", ...args]);

const docker = (args: readonly string[], input?: Buffer) =>
  rig.spawn("docker", args, { env: { DOCKER_HOST: process.env["DOCKER_HOST"] ?? "" }, ...(input && { input }) }).ended;

/** Returns config digest and diffIDs, as skopeo reads them. */
async function identity(reference: string): Promise<unknown> {
  const manifest = JSON.parse(await skopeo("inspect", "--raw", reference)) as { readonly config: { readonly digest: string } };
  const config = JSON.parse(await skopeo("inspect", "--config", reference)) as {
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  return { config: manifest.config.digest, diffIds: config.rootfs.diff_ids };
}

/** Returns the image id in the store under test. */
async function storedId(name: string): Promise<string> {
  return (await tsbuild("inspect", "--format", "{{.Id}}", name)).trim();
}

serial("skopeo reads the OCI tarball and the docker archive as the same image", async (t) => {
  const config = await imageConfig(rig, rig.path("oci.tar"));
  t.like(config.config, { User: "app", Entrypoint: ["/bin/cat", "/made/file"] });
  t.is(config.history?.filter((entry) => !entry.empty_layer).length, config.rootfs.diff_ids.length);
  const oci = await identity(`oci-archive:${rig.path("oci.tar")}`);
  t.deepEqual(await identity(`docker-archive:${rig.path("docker.tar")}`), oci);
  t.deepEqual(await identity(`oci-archive:${rig.path("saved.tar")}`), oci);
  t.deepEqual(await identity(`docker-archive:${rig.path("saved.tar")}`), oci, "one saved tarball is both");
});

serial("layers keep modes, owners and links; deletions are whiteouts", async (t) => {
  mkdirSync(rig.path("layers"));
  await skopeo("copy", "--quiet", "--dest-decompress", `oci-archive:${rig.path("oci.tar")}`, `dir:${rig.path("layers")}`);
  const { layers } = JSON.parse(rig.bytes("layers/manifest.json").toString("utf8")) as {
    readonly layers: readonly { readonly digest: string }[];
  };
  const listing = async (index: number) =>
    (await run("tar", ["--numeric-owner", "-tvf", rig.path("layers", layers[index]?.digest.slice("sha256:".length) ?? "")]))
      .split("\n")
      .map((line) => line.replace(/^(\S+ \d+\/\d+)\s+\d+ \S+ \S+ (.*)$/, "$1 $2"));
  const made = await listing(1);
  t.true(made.includes("drwxr-xr-x 33/50 made/"), made.join("\n"));
  t.true(
    made.some((line) => /^-rws--x--x 0\/0 made\/(file|link)$/.test(line)),
    made.join("\n"),
  );
  t.true(
    made.some((line) => /^h\S+ 0\/0 made\/\S+ link to made\/\S+$/.test(line)),
    made.join("\n"),
  );
  t.true(made.includes("lrwxrwxrwx 0/0 made/soft -> file"), made.join("\n"));
  const removed = await listing(2);
  t.true(
    removed.some((line) => line.endsWith(" var/.wh.www")),
    removed.join("\n"),
  );
  t.deepEqual(
    (await listing(3)).filter((line) => line.endsWith(" copied")).map((line) => line.slice(11)),
    ["1000/1000 copied"],
  );
});

withUmoci("umoci unpacks it, and the program runs from the unpacked tree", async (t) => {
  mkdirSync(rig.path("layout"));
  await run("tar", ["-xf", rig.path("oci.tar"), "-C", rig.path("layout")]);
  const { manifests } = JSON.parse(rig.bytes("layout/index.json").toString("utf8")) as {
    readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[];
  };
  const tag = manifests[0]?.annotations?.["org.opencontainers.image.ref.name"];
  t.truthy(tag);
  await run("umoci", ["unpack", "--rootless", "--image", `${rig.path("layout")}:${tag}`, rig.path("bundle")]);
  t.is(await run(rig.path("bundle/rootfs/bin/busybox"), ["cat", rig.path("bundle/rootfs/made/soft")]), "hello\n");
  t.false(existsSync(rig.path("bundle/rootfs/var/www")));
});

withPodman("podman loads all three, and what podman saves is read back as the same image", async (t) => {
  const id = await storedId(NAME);
  for (const name of ["oci.tar", "docker.tar", "saved.tar"]) {
    await podman("load", "-q", "-i", rig.path(name));
    t.is((await podman("image", "inspect", "--format", "{{.Id}}", NAME)).trim(), id.replace("sha256:", ""), name);
    if (name !== "saved.tar") await podman("rmi", "-f", NAME);
  }
  for (const format of ["docker-archive", "oci-archive"]) {
    await podman("save", "-q", "--format", format, "-o", rig.path(`podman-${format}.tar`), NAME);
    await tsbuild("rmi", NAME);
    await tsbuild("load", "-i", rig.path(`podman-${format}.tar`));
    t.is(await storedId(NAME), id, format);
  }
});

withDocker("docker loads what is saved through a pipe, and what docker saves is read back as the same image", async (t) => {
  const id = await storedId(NAME);
  const saved = await rig.cli(["save", NAME]);
  ok(saved);
  try {
    for (const input of [saved.stdout, rig.bytes("oci.tar"), rig.bytes("docker.tar")]) {
      ok(await docker(["load"], input));
      const config = ok(await docker(["image", "inspect", "--format", "{{json .Config}} {{json .RootFS.Layers}}", NAME]));
      t.true(config.includes('"/made/file"'), config);
    }
    const back = await docker(["save", NAME]);
    ok(back);
    await tsbuild("rmi", NAME);
    ok(await rig.cli(["load"], { input: back.stdout }));
    t.is(await storedId(NAME), id);
  } finally {
    await docker(["rmi", "-f", NAME]);
  }
});

serial("skopeo's archives load, several images are saved at once, and names are listed and removed", async (t) => {
  const id = await storedId(NAME);
  const other = "docker.io/library/e2e-other:2";
  for (const [transport, file] of [
    ["oci-archive", "skopeo-oci.tar"],
    ["docker-archive", "skopeo-docker.tar"],
  ] as const) {
    await skopeo("copy", "--quiet", `oci-archive:${rig.path("oci.tar")}`, `${transport}:${rig.path(file)}:${other}`);
    await tsbuild("load", "-i", rig.path(file));
    t.is(await storedId(other), id, transport);
  }
  await tsbuild("save", "-o", rig.path("both.tar"), NAME, other);
  await tsbuild("rmi", NAME, other);
  t.notRegex(await tsbuild("images"), /e2e-/);
  await tsbuild("load", "-i", rig.path("both.tar"));
  const images = await tsbuild("images");
  t.regex(images, /e2e-interchange\s+1\s/);
  t.regex(images, /e2e-other\s+2\s/);
  await tsbuild("tag", NAME, "e2e-third");
  t.is(await storedId("e2e-third:latest"), id);
  t.regex(await tsbuild("history", NAME), /RUN .*mkdir \/made/);
});

serial("a stored image is a base for the next build, under its name", async (t) => {
  const context = rig.context("next", { Dockerfile: "FROM e2e-interchange:1\nUSER root\nRUN cat /made/file > /again\n" });
  ok(await rig.cli(["build", "-o", `type=tar,dest=${rig.path("next.tar")}`, context]));
  t.is(await rig.tarFile(rig.path("next.tar"), "again"), "hello\n");
});
