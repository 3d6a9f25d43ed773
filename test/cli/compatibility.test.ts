import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { temporaryDirectory } from "../support/images/images.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { storedImage } from "../support/rigs/fake-library.js";
import { parseSections } from "../support/sections.js";

// docs/compatibility.md against the help of docker: a flag or a command without a row fails, and so
// does a row that says something else than our parser.

const read = (path: string): string => readFileSync(join(packageRoot(), path), "utf8");

/** Docker's commands with the help of each. */
const HELP = new Map(parseSections(read("test/cases/docker-help.txt")).map(({ title, sections }) => [title, sections.get("help") ?? ""]));

function flagsOf(help: string): readonly string[] {
  return help.split("\n").flatMap((line) => /^ {2,6}(?:-\w, )?--([a-z][\w-]*)(?:\s|$)/.exec(line)?.[1] ?? []);
}

function commandsOf(help: string): readonly string[] {
  const found: string[] = [];
  let listed = false;
  for (const line of help.split("\n")) {
    if (/^[\w ]*Commands:$/.test(line)) listed = true;
    else if (/^\S/.test(line)) listed = false;
    const name = /^ {2}([a-z][\w-]*)\*? /.exec(line)?.[1];
    if (listed && name !== undefined) found.push(name);
  }
  return found;
}

interface Row {
  readonly state: string;
  readonly why: string;
}

/** Rows of a table of the page, by the first cell. */
type Table = ReadonlyMap<string, Row>;

function tablesOf(page: string): ReadonlyMap<string, Table> {
  const tables = new Map<string, Map<string, Row>>();
  let table = new Map<string, Row>();
  for (const line of page.split("\n")) {
    const heading = /^##+ (.*)$/.exec(line)?.[1];
    if (heading !== undefined) tables.set(heading, (table = new Map()));
    const [, name, state, why] = /^\| `([^`]+)` \| ([a-z]+) \| (.*?) ?\|$/.exec(line) ?? [];
    if (name !== undefined) table.set(name, { state: state as string, why: why as string });
  }
  return tables;
}

const PAGE = tablesOf(read("docs/compatibility.md"));
const COMMANDS: Table = PAGE.get("Commands") ?? new Map();

const withDocker = (names: readonly string[], command: string): readonly string[] => names.map((name) => `${command} ${name}`);

/** Words before a command, which do nothing by themselves. */
const isGroup = (command: string): boolean =>
  command !== "docker" && commandsOf(HELP.get(command) ?? "").length > 0 && !hasOperands(command);
const hasOperands = (command: string): boolean => command === "docker buildx history inspect";

/** Docker's builder is buildx by another name. */
const asBuildx = (command: string): string => command.replace(/^docker builder (?!prune|build)/, "docker buildx ");

test("every command of docker has a row", (t) => {
  const listed = [...HELP].flatMap(([command, help]) => withDocker(commandsOf(help), command));
  const named = [...HELP.keys()].filter((command) => command.includes(" "));
  const known = [...new Set([...listed, ...named].map(asBuildx))].filter((command) => !isGroup(command)).sort();
  t.true(known.includes("docker buildx imagetools create") && known.includes("docker run"));
  t.deepEqual(
    known.filter((command) => !COMMANDS.has(command)),
    [],
  );
});

test("every flag of a command that is here has a row", (t) => {
  const missing = [...HELP].flatMap(([command, help]) => {
    if (COMMANDS.get(command)?.state === "no" || isGroup(command)) return [];
    return flagsOf(help).flatMap((flag) => (PAGE.get(command)?.has(`--${flag}`) ? [] : [`${command} --${flag}`]));
  });
  t.deepEqual(missing, []);
});

test("rows say yes, same, different or no, and give a reason where docker's users would ask for one", (t) => {
  const odd = [...PAGE].flatMap(([heading, table]) =>
    [...table].flatMap(([name, { state, why }]) => {
      const known = ["yes", "same", "different", "no"].includes(state);
      return known && (state === "yes" || why !== "") ? [] : [`${heading}: ${name}: ${state}`];
    }),
  );
  t.deepEqual(odd, []);
});

/** Operands that a command needs. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  "docker build": ["."],
  "docker buildx bake": ["-f", "-"],
  "docker compose build": ["-f", "-"],
  "docker buildx history rm": ["--all"],
  "docker buildx prune": ["--force"],
  "docker builder prune": ["--force"],
  "docker image prune": ["--force"],
  "docker system prune": ["--force"],
  "docker login": ["-u", "me", "-p", "p"],
  "docker buildx imagetools create": ["-t", "app", "other"],
  "docker buildx imagetools inspect": ["app"],
  "docker image import": ["rootfs.tar"],
  "docker manifest annotate": ["list", "app"],
  "docker manifest create": ["--amend", "list", "app"],
  "docker manifest inspect": ["app"],
  "docker manifest push": ["list"],
  "docker image history": ["app"],
  "docker image inspect": ["app"],
  "docker image push": ["app"],
  "docker image pull": ["app"],
  "docker image rm": ["app"],
  "docker image save": ["app"],
  "docker inspect": ["app"],
  docker: ["image", "ls"],
};

/** Values of flags; those that are not here are given none. `+` joins words. */
const VALUES: Readonly<Record<string, string>> = {
  "--add-host": "a:1.2.3.4",
  "--allow": "network.host",
  "--annotation": "a=b",
  "--attest": "type=provenance,disabled=true",
  "--build-arg": "A=1",
  "--build-context": "a=docker-image://b",
  "--cache-from": "a/b",
  "--cache-to": "a/b",
  "--call": "build",
  "--context": "default",
  "--change": "CMD a",
  "--config": "/config",
  "--file": "Dockerfile",
  "--filter": "until=1h",
  "--format": "json",
  "--label": "a=b",
  "--list": "targets",
  "--log-level": "info",
  "--max-used-space": "1g",
  "--min-free-space": "1g",
  "--network": "none",
  "--output": "type=cacheonly",
  "--password": "p",
  "--platform": "linux/amd64",
  "--progress": "plain",
  "--provenance": "false",
  "--reserved-space": "1g",
  "--sbom": "false",
  "--secret": "id=a,env=B",
  "--set": "*.tags=a",
  "--shm-size": "1m",
  "--tag": "app",
  "--type": "image",
  "--ulimit": "nofile=1",
  "--username": "me",
};

/** Directory that commands write to. */
const directory = temporaryDirectory();
test.after.always(() => directory.remove());

test.before(() => writeFileSync(join(directory.path, "rootfs.tar"), Buffer.alloc(1024)));

const BAKE_FILE = 'target "default" {}';
const COMPOSE_FILE = "name: a\nservices: {a: {build: .}}\n";

/** Makes a directory with a list of `manifest create`, and returns its path. */
function listsFor(flag: string): string {
  const path = mkdtempSync(join(directory.path, flag));
  mkdirSync(join(path, "tsbuild-manifests"));
  writeFileSync(join(path, "tsbuild-manifests", "list.json"), '[{"name":"app","ref":"app"}]');
  return path;
}

/** Flags whose effect needs more than the fake library has. They are asked of the parser alone. */
const PARSED = new Set(["--check", "--ssh", "--password-stdin", "--input", "--iidfile", "--metadata-file", "--output", "--file"]);

for (const [command, table] of PAGE) {
  const help = HELP.get(command);
  if (help === undefined) continue;
  for (const [flag, { state }] of table) {
    test(`${command} ${flag}: ${state}`, async (t) => {
      const valued = new RegExp(`${flag} [a-z]`, "i").test(help);
      const given = [flag, ...(valued ? [VALUES[flag] ?? "x"] : [])];
      const words = command.split(" ").slice(1);
      const line = command === "docker" ? [...given, ...(OPERANDS[command] ?? [])] : [...words, ...given, ...(OPERANDS[command] ?? [])];
      const run = await runRig(line, {
        images: [storedImage("app")],
        stdin: command === "docker compose build" ? COMPOSE_FILE : BAKE_FILE,
        env: { B: "1", DOCKER_CONFIG: listsFor(flag) },
        cwd: directory.path,
      });
      const refused = /has no such flag|neither a command nor|is not here/.test(run.stderr) || (run.code === 2 && !PARSED.has(flag));
      t.is(refused, state === "no", `tsbuild ${line.join(" ")}: ${run.code}\n${run.stderr}`);
    });
  }
}

for (const [command, { state }] of COMMANDS) {
  test(`${command}: ${state}`, async (t) => {
    const words = command.split(" ").slice(1);
    const run = await runRig([...words, ...(state === "no" ? [] : ["--help"])]);
    t.is(run.code, state === "no" ? 2 : 0, run.stderr);
    if (state === "no") t.regex(run.stderr, /that command of docker's is not here\nhint: \S/);
  });
}
