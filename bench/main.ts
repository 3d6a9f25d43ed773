import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../core/package-root.js";
import { pushBase, type Registry, startRegistry } from "./bases.js";
import type { Builder } from "./builder.js";
import { findPeers, tsbuildCommand, tsbuildLibrary } from "./builders.js";
import { type CaseResult, renderReport } from "./report.js";
import type { Case, Workload } from "./workload.js";
import { bake } from "./workloads/bake.js";
import { bigBase } from "./workloads/big-base.js";
import { gzipLayer } from "./workloads/gzip-layer.js";
import { noop } from "./workloads/noop.js";
import { run30 } from "./workloads/run30.js";
import { smallFiles } from "./workloads/small-files.js";
import { stages } from "./workloads/stages.js";

const WORKLOADS: readonly Workload[] = [noop, run30, smallFiles, bigBase, gzipLayer, stages, bake];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    peer: { type: "string", multiple: true, default: [] },
    "peer-root": { type: "string", default: "/" },
    work: { type: "string" },
    "allow-prune": { type: "boolean", default: false },
    json: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

/**
 * Set by ctrl-c, which ends the benchmark between two builds, so that registries end and
 * directories are removed.
 */
let asked = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (asked) process.exit(130);
    asked = true;
  });
}

function stopIfAsked(): void {
  if (asked) throw new Error("The benchmark was stopped");
}

if (values.list) {
  for (const { name, title } of WORKLOADS) console.log(`${name.padEnd(12)} ${title}`);
} else {
  await main();
}

async function main(): Promise<void> {
  const unknown = positionals.find((name) => !WORKLOADS.some((workload) => workload.name === name));
  if (unknown !== undefined)
    throw new Error(`There is no workload "${unknown}": there are ${WORKLOADS.map(({ name }) => name).join(", ")}`);
  const wanted = positionals.length === 0 ? WORKLOADS : WORKLOADS.filter(({ name }) => positionals.includes(name));
  // A peer with another root can only read files below that root.
  const peerRoot = values["peer-root"];
  if (values.work !== undefined) mkdirSync(values.work, { recursive: true });
  const work = mkdtempSync(join(values.work ?? (peerRoot === "/" ? tmpdir() : join(peerRoot, "tmp")), "tsbuild-bench-"));
  delete process.env["NODE_EXTRA_CA_CERTS"];
  let registry: Registry | undefined;
  const builders: Builder[] = [];
  try {
    const peers = await findPeers(values.peer, { root: peerRoot, prune: values["allow-prune"], store: join(work, "buildah") });
    const dist = join(packageRoot(), "dist");
    const library = tsbuildLibrary(join(dist, "index.js"), join(work, "library-store"));
    builders.push(tsbuildCommand(join(dist, "cli.cjs"), join(work, "store")), library, ...peers);
    const bases = new Map<number, Promise<string>>();
    const base = async (megabytes: number): Promise<string> => {
      registry ??= await startRegistry(work);
      const known = bases.get(megabytes) ?? pushBase(registry, work, megabytes);
      bases.set(megabytes, known);
      return known;
    };
    const results: CaseResult[] = [];
    for (const workload of wanted) {
      const directory = join(work, workload.name);
      mkdirSync(directory);
      for (const one of await workload.prepare({ directory, base })) {
        process.stderr.write(`${workload.title}: ${one.name}\n`);
        const result = await measure(workload, one, builders, Number(values.rounds));
        results.push(result);
        for (const [builder, times] of Object.entries(result.durations)) {
          if (times.length > 0) process.stderr.write(`  ${builder}: ${times.map((time) => time.toFixed(0)).join(" ")} ms\n`);
        }
      }
      rmSync(directory, { recursive: true, force: true });
    }
    const names = builders.map(({ name }) => name);
    process.stdout.write(`\nNode ${process.version}, ${values.rounds} rounds, medians\n\n`);
    process.stdout.write(renderReport(results, names));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
    if (results.some((result) => "tsbuild" in result.failures)) process.exitCode = 1;
  } finally {
    registry?.close();
    for (const builder of builders) await builder.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs rounds with every builder in turn. A builder that fails leaves the case. */
async function measure(workload: Workload, one: Case, all: readonly Builder[], rounds: number): Promise<CaseResult> {
  const builders = all.filter((builder) => one.library === true || builder.name !== "tsbuild library");
  const durations: Record<string, number[]> = Object.fromEntries(builders.map(({ name }) => [name, []]));
  const failures: Record<string, string> = {};
  let peakMemory: number | undefined;
  // Round -1 warms up: page cache, daemons, the state that "unchanged" starts from. The round after
  // the last measures our memory: measuring takes time on the same processors.
  for (let round = -1; round <= rounds; round++) {
    const turn = (round + 1) % builders.length;
    for (const builder of [...builders.slice(turn), ...builders.slice(0, turn)]) {
      if (builder.name in failures || (round === rounds && builder.name !== "tsbuild")) continue;
      stopIfAsked();
      try {
        await one.before(builder, round);
        const measured = await builder.build(round === rounds ? { ...one.job, memory: true } : one.job);
        if (round === rounds) peakMemory = measured.peakMemory;
        else if (round >= 0) durations[builder.name]?.push(measured.duration);
      } catch (error) {
        failures[builder.name] = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return { workload: workload.title, name: one.name, goal: one.goal, durations, peakMemory, failures };
}
