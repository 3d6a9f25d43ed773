import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { actionsToken, CREDENTIALS, startActionsCache, startS3 } from "../../cache/remote/fake-services.js";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import type { RealRegistry } from "../../support/servers/registry.js";
import { type Ended, Rig } from "../../support/rigs/rig.js";
import { NO_BUILDX, notInstalled, requires } from "../../support/requires.js";

// Machines are stores of their own. BuildKit takes part where DOCKER_HOST names an engine;
// TSBUILD_TEST_DOCKER is the client's command line (default: docker), for clients in another place,
// such as "chroot /somewhere docker".

const missing = missingForBusybox();
const { serial } = requires(notInstalled(missing));
const DOCKER = (process.env["TSBUILD_TEST_DOCKER"] ?? "docker").split(" ");
const withBuildKit = requires(notInstalled(missing), hasBuildx() ? undefined : NO_BUILDX).serial;
let registry: RealRegistry;
let rig: Rig;

function docker(args: readonly string[], input?: string): { readonly code: number | null; readonly output: string } {
  const [command, ...before] = DOCKER as [string, ...string[]];
  const run = spawnSync(command, [...before, ...args], { encoding: "utf8", ...(input === undefined ? {} : { input }) });
  return { code: run.status, output: `${run.stdout ?? ""}${run.stderr ?? ""}` };
}

function hasBuildx(): boolean {
  return process.env["DOCKER_HOST"] !== undefined && docker(["buildx", "version"]).code === 0;
}

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/busybox AS build
RUN head -c 100000 /dev/urandom > /intermediate && date +%s%N > /product
COPY source /source
FROM $REGISTRY/busybox
COPY --from=build /product /product
RUN cat /product /product > /twice
`;

test.before(async () => {
  if (missing !== undefined) return;
  registry = await startBusyboxRegistry();
  rig = new Rig();
  rig.context("context", { Dockerfile: DOCKERFILE, source: "one" });
});

test.after.always(async () => {
  await rig?.dispose();
  await registry?.stop();
});

/** Builds on a machine; what ran and what was found, by the steps' names. */
async function build(t: ExecutionContext, machine: string, args: readonly string[], context = "context", env = {}) {
  const ended = await run(machine, ["--iidfile", rig.path("id"), ...args], context, env);
  t.is(ended.code, 0, ended.stderr);
  const { DONE, CACHED } = instructionSteps(ended.stderr);
  return { id: readFileSync(rig.path("id"), "utf8"), ran: DONE, cached: CACHED, stderr: ended.stderr };
}

function run(machine: string, args: readonly string[], context = "context", env = {}): Promise<Ended> {
  const all = ["build", "--progress=plain", "--build-arg", `REGISTRY=${registry.host}`, ...args, rig.path(context)];
  return rig.cli(all, { env: { TSBUILD_ROOT: rig.path("machines", machine), ...env } });
}

/** Returns the sizes of the blobs in a machine's store. */
function blobs(machine: string): readonly number[] {
  const folder = rig.path("machines", machine, "v1", "blobs", "sha256");
  return existsSync(folder) ? readdirSync(folder).map((name) => rig.size(join(folder, name))) : [];
}

/** The layer with /intermediate cannot be compressed: it is the only blob of about this size. */
const hasIntermediate = (machine: string): boolean => blobs(machine).some((size) => size > 90_000 && size < 200_000);

const cases = {
  "a local directory": () => [`type=local,dest=${rig.path("dir")}`, `type=local,src=${rig.path("dir")}`],
  "a local directory, by tag": () => [`type=local,dest=${rig.path("dir")},tag=topic`, `type=local,src=${rig.path("dir")},tag=topic`],
  "a registry": () => [`type=registry,ref=${registry.host}/cache:a`, `${registry.host}/cache:a`],
  "a registry, as an index": () => [
    `type=registry,ref=${registry.host}/cache:b,image-manifest=false`,
    `type=registry,ref=${registry.host}/cache:b`,
  ],
};

for (const [name, places] of Object.entries(cases)) {
  serial(`${name}: what one machine built, another finds, with the same image id, and downloads only what it needs`, async (t) => {
    const [to = "", from = ""] = places();
    const [one, two, three] = [`${name} 1`, `${name} 2`, `${name} 3`];
    const first = await build(t, one, ["--cache-to", `${to},mode=max`]);
    t.is(first.ran.length, 4);
    const second = await build(t, two, ["--cache-from", from]);
    t.deepEqual(second.ran, []);
    t.is(second.cached.length, 4);
    t.is(second.id, first.id);
    t.false(hasIntermediate(two), "a stage that the target does not need stays where it is");
    // Everything is the machine's own now: the cache is not even asked any more.
    const unchanged = await build(t, two, ["--cache-from", from]);
    t.is(unchanged.id, first.id);
    t.notRegex(unchanged.stderr, /importing cache manifest/);
    // The other way round, from what was only imported: the same cache again.
    const again = await build(t, two, ["--cache-to", `${to},mode=max`]);
    t.deepEqual(again.ran, []);
    t.false(hasIntermediate(two), "what the cache has already is not fetched to be written there");
    // mode=min: the build stage is not in the cache, yet the target is found by the keys of its own
    // steps.
    await build(t, two, ["--cache-to", to]);
    const third = await build(t, three, ["--cache-from", from]);
    t.deepEqual([third.id, third.ran], [first.id, []]);
  });
}

serial("a changed source: only what depends on it runs, on what was imported", async (t) => {
  const dir = rig.path("changed");
  await build(t, "changed 1", ["--cache-to", `type=local,dest=${dir},mode=max`]);
  const context = rig.context("changed-context", { Dockerfile: DOCKERFILE, source: "two" });
  t.truthy(context);
  const changed = await build(t, "changed 2", ["--cache-from", `type=local,src=${dir}`], "changed-context");
  // /product is what it was, so the final stage is found by its content.
  t.deepEqual(changed.ran, ["COPY source /source"]);
  t.is(changed.cached.length, 3);
});

serial("compression: forced on every layer of the cache, the image keeps its own", async (t) => {
  const dir = rig.path("plain");
  const first = await build(t, "plain 1", ["--cache-to", `type=local,dest=${dir},compression=uncompressed,force-compression=true`]);
  const manifest = JSON.parse(readFileSync(join(dir, "index.json"), "utf8")).manifests[0].digest.slice(7);
  const { layers } = JSON.parse(readFileSync(join(dir, "blobs", "sha256", manifest), "utf8"));
  t.deepEqual(
    layers.map((layer: { readonly mediaType: string }) => layer.mediaType.replace(/^.*\./, "")),
    ["tar", "tar", "tar"],
  );
  const second = await build(t, "plain 2", ["--cache-from", `type=local,src=${dir}`]);
  t.deepEqual([second.id, second.ran], [first.id, []]);
  t.is((await build(t, "plain 1", [])).id, first.id);
});

serial("inline: an image is its own cache", async (t) => {
  const ref = `${registry.host}/inline:1`;
  const first = await build(t, "inline 1", ["--cache-to", "type=inline", "-o", `type=registry,name=${ref}`, "-o", "type=image"]);
  const second = await build(t, "inline 2", ["--cache-from", ref, "--cache-to", "type=inline"]);
  t.deepEqual(second.ran, []);
  t.is(second.id, first.id);
  const plain = await build(t, "inline 3", ["--cache-from", `${registry.host}/busybox`]);
  t.is(plain.ran.length, 4, "an image without a cache is no error");
});

serial("cache mounts are exported when that is asked for, and only then", async (t) => {
  const dir = rig.path("mounts");
  const dockerfile = (text: string) =>
    `ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN --mount=type=cache,id=one,target=/one --mount=type=cache,id=two,target=/two,uid=1000,mode=0700 ${text}\n`;
  rig.context("mounts-1", {
    Dockerfile: dockerfile("echo 1 > /one/file; chown 33:50 /one/file; echo 2 > /two/file; chmod 4711 /two/file; true"),
  });
  rig.context("mounts-2", {
    Dockerfile: dockerfile('echo "[$(cat /one/file)][$(cat /two/file)]"; stat -c "%u:%g %a" /one/file /two/file /two; true'),
  });
  await build(t, "mounts 1", ["--cache-to", `type=local,dest=${dir},mounts=all`], "mounts-1");
  const output = async (machine: string, args: readonly string[]) =>
    (await build(t, machine, args, "mounts-2")).stderr
      .split("\n")
      .filter((line) => /^#\d+ \d+\.\d+ (\[|\d+:)/.test(line))
      .map((line) => line.replace(/^#\d+ \S+ /, ""));
  t.deepEqual(await output("mounts 2", ["--cache-from", `type=local,src=${dir},mounts=all`]), [
    "[1][2]",
    "33:50 644",
    "0:0 4711",
    "1000:0 700",
  ]);
  t.is((await output("mounts 3", ["--cache-from", `type=local,src=${dir},mounts=two`]))[0], "[][2]");
  t.is((await output("mounts 4", ["--cache-from", `type=local,src=${dir}`]))[0], "[][]");
  // Passed on by a machine that has no use for them itself: its only step is found.
  const passed = rig.path("passed");
  const args = ["--cache-from", `type=local,src=${dir},mounts=all`, "--cache-to", `type=local,dest=${passed},mounts=all`];
  t.deepEqual((await build(t, "mounts 5", args, "mounts-1")).ran, []);
  t.is((await output("mounts 6", ["--cache-from", `type=local,src=${passed},mounts=all`]))[0], "[1][2]");
});

serial("a cache that lost layers: the steps run again; also when they were imported by an earlier build", async (t) => {
  const dir = rig.path("lost");
  const first = await build(t, "lost 1", ["--cache-to", `type=local,dest=${dir},mode=max`]);
  await build(t, "lost 3", ["--cache-from", `type=local,src=${dir}`, "-o", "type=cacheonly"]);
  const manifest = JSON.parse(readFileSync(join(dir, "index.json"), "utf8")).manifests[0].digest.slice(7);
  const { layers } = JSON.parse(readFileSync(join(dir, "blobs", "sha256", manifest), "utf8"));
  cpSync(dir, rig.path("whole"), { recursive: true });
  for (const { digest, size } of layers) if (size < 90_000) rmSync(join(dir, "blobs", "sha256", digest.slice(7)));
  const second = await build(t, "lost 2", ["--cache-from", `type=local,src=${dir}`]);
  t.not(second.id, first.id);
  t.true(second.ran.length > 0);
  rmSync(dir, { recursive: true });
  const changed = rig.context("lost-context", { Dockerfile: `${DOCKERFILE}RUN cat /twice\n`, source: "one" });
  t.truthy(changed);
  await build(t, "lost 3", [], "lost-context");
  // Known to the machine, needed by nothing but the cache that is written: left out of it.
  const whole = rig.path("whole");
  await build(t, "lost 4", ["--cache-from", `type=local,src=${whole}`, "--cache-to", `type=local,dest=${whole},mode=max`]);
  t.false(hasIntermediate("lost 4"));
  rmSync(whole, { recursive: true });
  const partly = await build(t, "lost 4", ["--cache-to", `type=local,dest=${rig.path("rest")},mode=max`]);
  t.deepEqual(partly.ran, []);
  t.true(partly.stderr.includes("what was cached with it is left out"), partly.stderr);
  t.is((await build(t, "lost 5", ["--cache-from", `type=local,src=${rig.path("rest")}`])).id, first.id);
});

serial("S3 and GitHub Actions, from the command line; with -o type=cacheonly nothing is downloaded before it is needed", async (t) => {
  const token = actionsToken([{ Scope: "refs/heads/main", Permission: 3 }]);
  const [s3, actions] = [await startS3("r"), await startActionsCache(token)];
  t.teardown(async () => {
    await s3.close();
    await actions.close();
  });
  const env = {
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
    ACTIONS_RUNTIME_TOKEN: token,
    ACTIONS_RESULTS_URL: actions.url,
  };
  const places = [
    ["s3", `type=s3,bucket=b,region=r,endpoint_url=${s3.url},use_path_style=true`],
    ["gha", "type=gha,scope=app"],
  ] as const;
  for (const [name, place] of places) {
    const first = await build(t, `${name} 1`, ["--cache-to", `${place},mode=max`], "context", env);
    const second = await build(t, `${name} 2`, ["--cache-from", place, "-o", "type=cacheonly"], "context", env);
    t.deepEqual([second.id, second.ran], [first.id, []]);
    t.false(
      blobs(`${name} 2`).some((size) => size > 100_000),
      "no layer",
    );
    // A later build that names no cache, yet needs the layers.
    t.is((await build(t, `${name} 2`, [], "context", env)).id, first.id);
  }
});

serial("caches that cannot be reached: reading is a warning, writing an error unless asked otherwise", async (t) => {
  const nowhere = "127.0.0.1:1/cache";
  const read = await build(t, "errors", ["--cache-from", nowhere, "--cache-from", `type=local,src=${rig.path("nothing")}`]);
  t.true(read.stderr.includes("The registry cache is not used"), read.stderr);
  t.deepEqual(read.stderr.match(/^#\d+ no cache found done$/gm)?.length, 1, "only the directory says that it has none");
  const written = await run("errors", ["--cache-to", nowhere, "-o", `type=oci,dest=${rig.path("errors.tar")}`]);
  t.is(written.code, 1, written.stderr);
  t.true(existsSync(rig.path("errors.tar")), "outputs do not wait for caches");
  const ignored = await build(t, "errors", ["--cache-to", `type=registry,ref=${nowhere},ignore-error=true`]);
  t.true(ignored.stderr.includes("The registry cache was not written"), ignored.stderr);
  await build(t, "errors", ["--cache-to", "type=gha", "--cache-from", "type=gha"]);
});

const STDIN = (host: string): string => `FROM ${host}/busybox\nRUN date +%s%N > /made\nRUN cat /made /made > /twice\n`;

withBuildKit("BuildKit reads our caches, in all forms, and finds their steps", async (t) => {
  rig.context("buildkit", { Dockerfile: STDIN(registry.host) });
  const places = [
    ["image", `type=registry,ref=${registry.host}/ours:image,mode=max,mounts=all`, []],
    ["index", `type=registry,ref=${registry.host}/ours:index,mode=max,image-manifest=false`, []],
    ["docker", `type=registry,ref=${registry.host}/ours:docker,mode=max,oci-mediatypes=false`, []],
    ["inline", "type=inline", ["-o", `type=registry,name=${registry.host}/ours:inline`]],
  ] as const;
  for (const [tag, to, more] of places) {
    await build(t, "ours", ["--network", "host", "--cache-to", to, ...more], "buildkit");
    const args = [
      "buildx",
      "build",
      "--network",
      "host",
      "--progress",
      "plain",
      "--cache-from",
      `${registry.host}/ours:${tag}`,
      "-o",
      "type=cacheonly",
      "-",
    ];
    const { code, output } = docker(args, STDIN(registry.host));
    t.is(code, 0, output);
    t.regex(output, /importing cache manifest from/);
    t.notRegex(output, /ERROR|failed/i, tag);
    t.is(output.match(/^#\d+ \[\d\/3\] RUN .*\n#\d+ CACHED$/gm)?.length, 2, output);
  }
});

withBuildKit("we read BuildKit's caches, in all forms, and find their steps", async (t) => {
  rig.context("buildkit", { Dockerfile: STDIN(registry.host) });
  for (const form of ["", ",image-manifest=false", ",image-manifest=false,oci-mediatypes=false"]) {
    const ref = `${registry.host}/theirs:form${form.length}`;
    const args = [
      "buildx",
      "build",
      "--network",
      "host",
      "--progress",
      "plain",
      "--cache-to",
      `type=registry,ref=${ref},mode=max${form}`,
      "-o",
      "type=cacheonly",
      "-",
    ];
    const { code, output } = docker(args, STDIN(registry.host));
    t.is(code, 0, output);
    const built = await build(t, `theirs ${form}`, ["--network", "host", "--cache-from", ref], "buildkit");
    t.regex(built.stderr, /importing cache manifest from .*\n#\d+ DONE/);
    t.notRegex(built.stderr, /not used/);
    t.is(built.cached.length, 2, built.stderr);
  }
});
