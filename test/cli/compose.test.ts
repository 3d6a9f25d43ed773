import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { casePath, golden } from "../support/golden.js";
import { temporaryDirectory } from "../support/images/images.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { type Files, project, one } from "./compose-project.js";

interface Settings {
  /** Arguments of bake, and of compose with its `build`. */
  readonly bake?: readonly string[];
  readonly compose?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

// The expected texts are what `docker buildx bake --print` (0.29) and `docker compose build
// --print` (2.40) print, but for docker's label of its version and these: a service that a file and
// an included one both have is an error there (`include-override`), and sizes are rounded to four
// digits (`shm-sizes`).
for (const name of readdirSync(casePath("compose")).sort()) {
  test(`compose: ${name}`, async (t) => {
    const settings: Settings = JSON.parse(readFileSync(casePath("compose", name, "case.json"), "utf8"));
    const { path, remove } = temporaryDirectory();
    t.teardown(remove);
    const cwd = join(path, name);
    cpSync(casePath("compose", name, "files"), cwd, { recursive: true });
    const printed = async (kind: string, args: readonly string[]): Promise<void> => {
      const { code, stdout, stderr } = await runRig([...args, "--print"], { cwd, env: settings.env ?? {} });
      t.is(code, 0, stderr);
      golden(t, `compose/${name}/${kind}.json`, `${JSON.stringify(JSON.parse(stdout), undefined, 2)}\n`.replaceAll(cwd, "/w"));
    };
    if (settings.bake) await printed("bake", ["bake", ...settings.bake.filter((arg) => !arg.startsWith("--allow"))]);
    if (settings.compose) await printed("build", ["compose", ...settings.compose]);
  });
}

const FULL = `
services:
  web:
    image: example.com/web:1
    build:
      context: web
      args: { A: 1 }
      secrets: [token, file]
      additional_contexts: { base: "service:base" }
      shm_size: 1m
      ulimits: { nofile: 5 }
      extra_hosts: ["h:10.0.0.1"]
  base:
    build: { context: ., dockerfile_inline: FROM scratch }
secrets:
  token: { environment: TOKEN }
  file: { file: ./secret }
`;

test("compose: services have the options of builds", async (t) => {
  const { cwd, run } = project(t, { "compose.yaml": FULL, ".env": "TOKEN=from .env\n", "web/Dockerfile": "FROM base" });
  const { code, builds, stdout, stderr } = await run("compose", "build", "web", "--build-arg", "B=2");
  t.is(code, 0, stderr);
  t.is(builds.length, 2, "the service that is a context is built too");
  const web = builds.find(({ tags }) => tags?.includes("example.com/web:1"));
  t.like(web, {
    context: join(cwd, "web"),
    dockerfile: join(cwd, "web/Dockerfile"),
    buildArgs: { A: "1", B: "2" },
    buildContexts: { base: "target:base" },
    secrets: { token: { value: "from .env" }, file: { src: join(cwd, "secret") } },
    labels: { "com.docker.compose.project": "project", "com.docker.compose.service": "web" },
    shmSize: 2 ** 20,
    ulimits: ["nofile=5"],
    addHosts: ["h:10.0.0.1"],
  });
  t.like(
    builds.find((build) => build !== web),
    { dockerfile: { text: "FROM scratch" }, tags: ["project-base"] },
  );
  t.regex(stdout, /^base {2}sha256:\w{64}\nweb {3}sha256:\w{64}\n$/);
});

/** Settings of docker compose that find files and names, with what the image is called. */
const FOUND: readonly (readonly [
  what: string,
  files: Files,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  tag: string,
])[] = [
  ["the override file", { "compose.yaml": one("a"), "compose.override.yaml": "services: {s: {image: over}}" }, [], {}, "over"],
  ["the first of the names", { "compose.yml": one("yml"), "docker-compose.yml": one("old") }, [], {}, "yml"],
  ["COMPOSE_FILE", { "x.yaml": one("x"), "y.yaml": "services: {s: {image: y}}" }, [], { COMPOSE_FILE: "x.yaml:y.yaml" }, "y"],
  ["its separator", { "x.yaml": one("x") }, [], { COMPOSE_FILE: "x.yaml", COMPOSE_PATH_SEPARATOR: "," }, "x"],
  ["COMPOSE_FILE of .env", { "x.yaml": one("x"), ".env": "COMPOSE_FILE=x.yaml" }, [], {}, "x"],
  ["the name of the directory", { "compose.yaml": one() }, [], {}, "project-s"],
  ["the name of the file", { "compose.yaml": `name: file\n${one()}` }, [], {}, "file-s"],
  ["COMPOSE_PROJECT_NAME", { "compose.yaml": `name: file\n${one()}` }, [], { COMPOSE_PROJECT_NAME: "env" }, "env-s"],
  ["-p", { "compose.yaml": one() }, ["-p", "flag"], { COMPOSE_PROJECT_NAME: "env" }, "flag-s"],
  ["--compatibility", { "compose.yaml": one() }, ["--compatibility"], {}, "project_s"],
  ["--env-file", { "compose.yaml": one("$V"), a: "V=a", b: "V=b\nW=$V" }, ["--env-file", "a", "--env-file", "b"], {}, "b"],
  ["COMPOSE_ENV_FILES", { "compose.yaml": one("$V"), a: "V=a", ".env": "V=no" }, [], { COMPOSE_ENV_FILES: "a" }, "a"],
  ["the environment before .env", { "compose.yaml": one("$V"), ".env": "V=no" }, [], { V: "env" }, "env"],
  ["COMPOSE_PROFILES", { "compose.yaml": "services: {s: {image: p, build: ., profiles: [x]}}" }, [], { COMPOSE_PROFILES: "x,y" }, "p"],
  ["--profile '*'", { "compose.yaml": "services: {s: {image: p, build: ., profiles: [x]}}" }, ["--profile", "*"], {}, "p"],
];

for (const [what, files, args, env, tag] of FOUND) {
  test(`compose: the project has ${what}`, async (t) => {
    const { run } = project(t, files, env);
    const { builds, stderr } = await run("compose", ...args, "build");
    t.deepEqual(
      builds.map(({ tags }) => tags),
      [[tag]],
      stderr,
    );
  });
}

test("compose: the file is found above the directory", async (t) => {
  const { cwd } = project(t, { "compose.yaml": one() });
  mkdirSync(join(cwd, "sub"));
  const { builds } = await runRig(["compose", "build"], { cwd: join(cwd, "sub") });
  t.is(builds[0]?.context, cwd);
});

test("compose: a file on the standard input, also for bake", async (t) => {
  const { cwd } = project(t, {});
  for (const args of [
    ["compose", "-f", "-", "build"],
    ["bake", "-f", "-"],
  ]) {
    const { builds, stderr } = await runRig(args, { cwd, stdin: one("img") });
    t.deepEqual(
      builds.map(({ tags }) => tags),
      [["img"]],
      stderr,
    );
  }
});

test("compose: docker's other commands are told what runs them", async (t) => {
  const { run } = project(t, { "compose.yaml": one() });
  const { code, stderr } = await run("compose", "up");
  t.is(code, 2);
  t.regex(stderr, /docker compose or podman/);
});

/** Builders that are named to commands that build here, and what the warning calls them. */
const BUILDERS: readonly (readonly [args: string, env: Readonly<Record<string, string>>, warned?: string])[] = [
  ["", {}],
  ["--builder default", { TSBUILD_BUILDER: "docker://" }],
  ["--builder mine", {}],
  ["--builder docker://", {}, "--builder"],
  ["", { BUILDKIT_HOST: "unix:///run/b.sock" }, "$BUILDKIT_HOST"],
  ["", { BUILDKIT_HOST: "unix:///run/b.sock", TSBUILD_BUILDER: "docker://" }, "$TSBUILD_BUILDER"],
];
for (const [args, env, warned] of BUILDERS) {
  for (const command of ["bake", "compose build"]) {
    test(`${command} says that it builds here: ${args} ${JSON.stringify(env)}`, async (t) => {
      const { run } = project(t, { "compose.yaml": one("img") }, env);
      const { code, stderr, builds } = await run(...`${command} ${args}`.trim().split(" "));
      t.deepEqual([code, builds.length], [0, 1], stderr);
      t.is(/ - options\/idle: (.*) changes nothing\n/.exec(stderr)?.[1], warned);
    });
  }
}
