import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { instructionSteps } from "../images/plain-steps.js";
import type { Rig } from "./rig.js";

/**
 * One scenario is a folder of test/e2e/cases: a `Dockerfile`, a `context/` (optional), and
 * `case.json` in this shape. It is built once for each of the runs, in one store. `REGISTRY` in the
 * Dockerfile is a build argument with the registry's address.
 */
export interface Scenario {
  readonly description: string;
  /** For every run. */
  readonly args?: readonly string[];
  readonly runs: readonly ScenarioRun[];
}

export interface ScenarioRun {
  readonly args?: readonly string[];
  /** Changes of the context before this run; null removes. */
  readonly change?: Readonly<Record<string, string | null>>;
  /** Default 0. */
  readonly exit?: number;
  /** Names of steps (without FROM and place) by status, sorted. A missing status must have none. */
  readonly steps?: Readonly<Partial<Record<"CACHED" | "DONE" | "ERROR" | "CANCELED", readonly string[]>>>;
  /** Content of files in the result; null: not there. */
  readonly files?: Readonly<Record<string, string | null>>;
  /**
   * `tar -tv` of entries of the result: mode and numeric owner, such as `-rw-r--r-- 33/33`, then `
   * -> target` or ` link to name` if any.
   */
  readonly listing?: Readonly<Record<string, string>>;
  /** Members of the image's `config` that must be exactly this. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Texts that stderr holds. */
  readonly stderr?: readonly string[];
}

const CASES = join(packageRoot(), "test", "e2e", "cases");

export function scenarioNames(): readonly string[] {
  return readdirSync(CASES).sort();
}

export function readScenario(name: string): Scenario {
  return JSON.parse(readFileSync(join(CASES, name, "case.json"), "utf8")) as Scenario;
}

/** Builds a scenario run by run and compares. */
export async function playScenario(t: ExecutionContext, rig: Rig, name: string, registry: string): Promise<void> {
  const scenario = readScenario(name);
  const source = join(CASES, name, "context");
  const context = rig.context("context", {}, existsSync(source) ? source : undefined);
  const common = [
    "--progress=plain",
    "--build-arg",
    `REGISTRY=${registry}`,
    "-f",
    join(CASES, name, "Dockerfile"),
    ...(scenario.args ?? []),
  ];
  for (const [index, run] of scenario.runs.entries()) {
    const label = `${name}, run ${index + 1}`;
    for (const [path, content] of Object.entries(run.change ?? {})) {
      if (content === null) rmSync(join(context, path), { recursive: true });
      else writeFileSync(join(context, path), content);
    }
    const image = rig.path(`image-${index}.tar`);
    const args = [...common, ...(run.args ?? [])];
    const ended = await rig.cli(["build", ...args, "-o", `type=oci,dest=${image}`, context]);
    t.is(ended.code, run.exit ?? 0, `${label}\n${ended.stderr}`);
    for (const text of run.stderr ?? [])
      t.true(ended.stderr.includes(text.replaceAll("REGISTRY", registry)), `${label}: "${text}"\n${ended.stderr}`);
    t.is(existsSync(image), ended.code === 0, `${label}: output`);
    if (run.steps) t.deepEqual(sortedSteps(ended.stderr), sorted(run.steps), `${label}\n${ended.stderr}`);
    if (run.config) t.like((await imageConfig(rig, image)).config, run.config, label);
    if (run.files || run.listing) await compareTree(t, rig, [...args, context], run, label);
    t.deepEqual(rig.leftovers(), [], label);
  }
}

/**
 * Compares the result as a tar, which is cached by now: this needs no trust in how images are taken
 * apart.
 */
async function compareTree(t: ExecutionContext, rig: Rig, args: readonly string[], run: ScenarioRun, label: string): Promise<void> {
  const tar = rig.path("tree.tar");
  const uncached = args.filter((arg) => !arg.startsWith("--no-cache"));
  const ended = await rig.cli(["build", ...uncached, "-o", `type=tar,dest=${tar}`]);
  t.is(ended.code, 0, `${label}, as tar\n${ended.stderr}`);
  t.deepEqual(instructionSteps(ended.stderr).DONE, [], `${label}, as tar: nothing runs again`);
  const listed = await rig.spawn("tar", ["--numeric-owner", "-tvf", tar]).ended;
  const entries = new Map(listed.stdout.toString("utf8").split("\n").flatMap(listingEntry));
  for (const [path, content] of Object.entries(run.files ?? {})) {
    const entry = entries.get(path);
    t.is(entry !== undefined, content !== null, `${label}: ${path} in\n${[...entries.keys()].join(" ")}`);
    if (content === null || !entry) continue;
    const { stdout } = await rig.spawn("tar", ["-xOf", tar, entry.name]).ended;
    t.is(stdout.toString("utf8"), content, `${label}: ${path}`);
  }
  for (const [path, line] of Object.entries(run.listing ?? {})) t.is(entries.get(path)?.line, line, `${label}: ${path}`);
}

/** Returns by path the name in the archive and `mode uid/gid[ -> target| link to name]`. */
function listingEntry(line: string): [string, { readonly name: string; readonly line: string }][] {
  const match = /^(\S+ \d+\/\d+)\s+\S+ \S+ \S+ (.*?)( -> .*| link to .*)?$/.exec(line);
  if (!match) return [];
  const [, owner = "", name = "", link = ""] = match;
  return [[name.replace(/^\.\//, "").replace(/\/$/, ""), { name, line: owner + link }]];
}

function sortedSteps(stderr: string): unknown {
  const { CACHED, DONE, ERROR, CANCELED } = instructionSteps(stderr);
  return sorted({ CACHED, DONE, ERROR, CANCELED });
}

function sorted(steps: NonNullable<ScenarioRun["steps"]>): unknown {
  const { CACHED = [], DONE = [], ERROR = [], CANCELED = [] } = steps;
  return { CACHED: [...CACHED].sort(), DONE: [...DONE].sort(), ERROR: [...ERROR].sort(), CANCELED: [...CANCELED].sort() };
}

export interface InspectedConfig {
  readonly config: Readonly<Record<string, unknown>>;
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** Returns the image config as skopeo reads it from an OCI tarball. */
export async function imageConfig(rig: Rig, tar: string): Promise<InspectedConfig> {
  const { stdout, stderr, code } = await rig.spawn("skopeo", ["--insecure-policy", "inspect", "--config", `oci-archive:${tar}`]).ended;
  if (code !== 0) throw new Error(`skopeo cannot read ${tar}: ${stderr}`);
  return JSON.parse(stdout.toString("utf8")) as InspectedConfig;
}
