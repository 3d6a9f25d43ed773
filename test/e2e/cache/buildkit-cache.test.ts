import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import type { RealRegistry } from "../../support/servers/registry.js";
import { Rig } from "../../support/rigs/rig.js";
import { NO_BUILDX, notInstalled, requires } from "../../support/requires.js";

// Steps that one builder ran and the other takes from its cache, in both directions, with a real
// BuildKit: where DOCKER_HOST names an engine. TSBUILD_TEST_DOCKER is the client's command line
// (default: docker), for clients in another place, such as "chroot /somewhere docker".

const DOCKER = (process.env["TSBUILD_TEST_DOCKER"] ?? "docker").split(" ");
const missing = missingForBusybox();
const withBuildKit = requires(notInstalled(missing), hasBuildx() ? undefined : NO_BUILDX).serial;
let registry: RealRegistry;
let rig: Rig;

function docker(args: readonly string[], input?: Buffer) {
  const [command, ...before] = DOCKER as [string, ...string[]];
  return spawnSync(command, [...before, ...args], { maxBuffer: 64 << 20, ...(input && { input }) });
}

function hasBuildx(): boolean {
  return process.env["DOCKER_HOST"] !== undefined && docker(["buildx", "version"]).status === 0;
}

/** Output that differs each time: an equal one comes from the cache. */
const NOW = "date +%s%N";

interface Shape {
  readonly dockerfile: readonly string[];
  /** For both. */
  readonly flags?: readonly string[];
}

const SHAPES: Readonly<Record<string, Shape>> = {
  "RUN, ENV, ARG, USER, SHELL": {
    dockerfile: [
      "ARG BASE",
      "FROM $BASE",
      "ARG X=1",
      "ENV B=2 A=1",
      `RUN ${NOW} > /made`,
      "RUN true",
      'RUN ["/bin/sh", "-c", "echo \\"<&>\\" é >> /made"]',
      "ENV A=3",
      "USER 33:50",
      "RUN id -u > /tmp/id",
      "USER root",
      'SHELL ["/bin/sh", "-ec"]',
      "RUN cat /made /tmp/id > /twice",
    ],
    flags: ["--build-arg", "X=2"],
  },
  "WORKDIR, COPY of files, directories, wildcards, links": {
    dockerfile: [
      "ARG BASE",
      "FROM $BASE",
      `RUN ${NOW} > /made`,
      "WORKDIR /work",
      "COPY a.txt ./",
      "COPY a.txt b.txt ./two/",
      "COPY *.txt wild/",
      "COPY src src",
      "COPY link link",
      "COPY src/*.ts nothing* ts/",
      "COPY --chown=33:50 --chmod=640 a.txt owned",
      "COPY --chown=app b.txt named",
      "COPY --exclude=*.md src excluded",
      "ADD a.txt added",
      "COPY <<EOT /document",
      "hello",
      "EOT",
      "COPY --link src linked",
      "RUN ls -lR . > /listing",
    ],
  },
  "stages, COPY --from": {
    dockerfile: [
      "ARG BASE",
      "FROM $BASE AS build",
      "WORKDIR /out",
      `RUN mkdir sub && ${NOW} > made && echo 2 > sub/file && chown 33:50 sub/file && ln -s made soft`,
      "FROM $BASE AS other",
      `RUN ${NOW} > /other`,
      "FROM scratch AS parts",
      "COPY --from=other /other /",
      "FROM $BASE",
      "COPY --from=build /out /out",
      "COPY --from=build /out/made /out/sub/fil* /files/",
      "COPY --from=parts / /parts",
      "RUN cat /out/made /parts/other > /made",
    ],
  },
  "mounts, heredocs, networks": {
    dockerfile: [
      "ARG BASE",
      "FROM $BASE AS tools",
      "RUN mkdir /tools && echo tool > /tools/tool",
      "FROM $BASE",
      `RUN --mount=type=cache,target=/cache --mount=type=cache,id=named,target=/other,sharing=locked ${NOW} > /made`,
      "RUN --mount=type=cache,target=/owned,uid=33,mode=0700 true",
      "RUN --mount=type=bind,source=src,target=/src --mount=type=bind,source=a.txt,target=/a.txt cat /a.txt /src/one.ts > /read",
      "RUN --mount=type=bind,from=tools,source=/tools,target=/tools cat /tools/tool > /tool",
      "RUN --mount=type=tmpfs,target=/scratch,size=1m true",
      "RUN --network=none <<EOT",
      "echo one > /one",
      "EOT",
      "RUN <<EOT cat > /two",
      "two",
      "EOT",
      "RUN <<EOT",
      "#!/bin/sh",
      "cat /made > /three",
      "EOT",
    ],
    flags: ["--ulimit", "nofile=1024:2048", "--shm-size", "64m"],
  },
};

test.before(async () => {
  if (missing !== undefined || !hasBuildx()) return;
  registry = await startBusyboxRegistry();
  rig = new Rig();
});

test.after.always(async () => {
  await rig?.dispose();
  await registry?.stop();
});

function makeContext(name: string, { dockerfile }: Shape): string {
  const path = rig.context(name, {
    Dockerfile: dockerfile.join("\n"),
    "a.txt": "hello",
    "b.txt": "world",
    "src/one.ts": "one",
    "src/deep/two.ts": "two",
    "src/note.md": "note",
    ".dockerignore": "*.log\n",
    "ignored.log": "",
  });
  spawnSync("ln", ["-s", "src", `${path}/link`]);
  // Both take modes from the context; the tarball of one has to say what the other sees.
  spawnSync("chmod", ["-R", "u=rwX,go=rX", path]);
  return path;
}

/**
 * Builds with BuildKit. Sends the context as a tarball, because its client may see other
 * directories.
 */
function buildWithBuildKit(
  context: string,
  { flags = [] }: Shape,
  args: readonly string[],
): { readonly cached: readonly string[]; readonly ran: readonly string[]; readonly tar: Buffer } {
  const { stdout: tar } = spawnSync("tar", ["-C", context, "--owner=0", "--group=0", "--exclude=*.log", "-cf", "-", "."], {
    maxBuffer: 64 << 20,
  });
  const all = [
    "buildx",
    "build",
    "--network=host",
    "--progress=rawjson",
    "--provenance=false",
    "--build-arg",
    `BASE=${registry.host}/busybox`,
    ...flags,
    ...args,
    "-o",
    "type=tar,dest=-",
    "-",
  ];
  const { status, stdout, stderr } = docker(all, tar);
  if (status !== 0) throw new Error(stderr.toString("utf8"));
  // Plain progress may show what was found only as done, when its layers are brought later.
  const steps = new Map<string, boolean>();
  for (const line of stderr.toString("utf8").split("\n")) {
    if (!line.startsWith("{")) continue;
    const { vertexes = [] } = JSON.parse(line) as { readonly vertexes?: readonly { readonly name: string; readonly cached?: boolean }[] };
    for (const { name, cached = false } of vertexes) steps.set(name, cached || (steps.get(name) ?? false));
  }
  const instructions = [...steps].filter(([name]) => /^\[(?!internal|auth)[^\]]*\] (?!FROM )/.test(name));
  const named = (found: boolean) => instructions.filter(([, cached]) => cached === found).map(([name]) => name.replace(/^\[[^\]]*\] /, ""));
  return { cached: named(true), ran: named(false), tar: stdout };
}

async function buildHere(
  machine: string,
  context: string,
  { flags = [] }: Shape,
  args: readonly string[],
): Promise<{ readonly cached: readonly string[]; readonly ran: readonly string[]; readonly stderr: string }> {
  const all = [
    "build",
    "--network=host",
    "--progress=plain",
    "--explain",
    "--build-arg",
    `BASE=${registry.host}/busybox`,
    ...flags,
    ...args,
    context,
  ];
  const ended = await rig.cli(all, { env: { TSBUILD_ROOT: rig.path("machines", machine) } });
  if (ended.code !== 0) throw new Error(ended.stderr);
  const { DONE, CACHED } = instructionSteps(ended.stderr);
  return { cached: CACHED, ran: DONE, stderr: ended.stderr };
}

/**
 * Lists each entry of a tarball as tar does, without times, and returns the digest of all contents.
 */
function listing(tar: Buffer): string {
  const list = spawnSync("tar", ["--numeric-owner", "--full-time", "-tvf", "-"], {
    input: tar,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  }).stdout;
  return list
    .split("\n")
    .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? /, "").replace(/ (\.\/)?(?=[^ ]*$)/, " "))
    .filter((line) => !/ (\.?\/?)$|(dev|proc|sys|etc)\//.test(line))
    .sort()
    .join("\n");
}

/** Returns the lines of the files of a name. Tarballs have them in different orders. */
const lines = (tar: Buffer, name: string): readonly string[] =>
  spawnSync("tar", ["-xOf", "-", "--wildcards", `*${name}`], { input: tar, encoding: "utf8", maxBuffer: 64 << 20 })
    .stdout.split("\n")
    .sort();

for (const [name, shape] of Object.entries(SHAPES)) {
  withBuildKit(`BuildKit finds what we ran: ${name}`, async (t) => {
    const context = makeContext(`ours ${name}`, shape);
    const ref = `${registry.host}/ours:${Object.keys(SHAPES).indexOf(name)}`;
    const out = rig.path("ours.tar");
    const built = await buildHere(`ours ${name}`, context, shape, [
      "--cache-to",
      `type=registry,ref=${ref},mode=max`,
      "-o",
      `type=tar,dest=${out}`,
    ]);
    t.true(built.ran.length >= 5, built.stderr);
    const found = buildWithBuildKit(context, shape, ["--cache-from", ref]);
    t.deepEqual(
      found.ran.filter((step) => !step.includes("LINK")),
      [],
      "nothing runs again",
    );
    t.true(found.cached.length >= built.ran.length - 1, found.cached.join("\n"));
    t.is(listing(found.tar), listing(rig.bytes("ours.tar")));
    t.deepEqual(lines(found.tar, "made"), lines(rig.bytes("ours.tar"), "made"));
    rmSync(out);
  });

  withBuildKit(`we find what BuildKit ran: ${name}`, async (t) => {
    const context = makeContext(`theirs ${name}`, shape);
    for (const mode of ["max", "min"]) {
      const ref = `${registry.host}/theirs:${Object.keys(SHAPES).indexOf(name)}-${mode}`;
      const built = buildWithBuildKit(context, shape, ["--cache-to", `type=registry,ref=${ref},mode=${mode}`]);
      const found = await buildHere(`theirs ${name} ${mode}`, context, shape, [
        "--cache-from",
        ref,
        "-o",
        `type=tar,dest=${rig.path("theirs.tar")}`,
      ]);
      t.deepEqual(found.ran, [], found.stderr);
      t.regex(found.stderr, /cached: found a result imported from .*\(BuildKit\)/);
      t.is(listing(rig.bytes("theirs.tar")), listing(built.tar), mode);
      t.deepEqual(lines(rig.bytes("theirs.tar"), "made"), lines(built.tar, "made"));
      // Passed on, it is a cache of ours.
      const on = ["--cache-to", `type=local,dest=${rig.path("on")},mode=max`, "-o", "type=cacheonly"];
      await buildHere(`passing on ${name} ${mode}`, context, shape, ["--cache-from", ref, ...on]);
      const again = await buildHere(`again ${name} ${mode}`, context, shape, ["--cache-from", `type=local,src=${rig.path("on")}`]);
      t.deepEqual(again.ran, [], again.stderr);
      rmSync(rig.path("on"), { recursive: true });
    }
  });
}
