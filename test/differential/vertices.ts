/**
 * Records the vertices that a real BuildKit makes of the Dockerfiles of test/cases/wire, in a
 * buildkit.json beside each. Not part of the tests: it needs a docker engine that shares this
 * machine's loopback. test/llb/wire/agreement.test.ts compares ours with the records.
 *
 *     node build/test/differential/vertices.js [--chroot DIR] [CASE …]
 *
 * DOCKER_HOST names the engine. With --chroot the docker client runs in that root, where it sees
 * files.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missingForBusybox, startBusyboxRegistry } from "../support/images/base-image.js";
import { casePath } from "../support/golden.js";
import { BASE_IMAGE, type RecordedVertex, type WireCase, type WireRecord } from "../support/samples/wire-case.js";
import { BaseImages } from "./bases.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { chroot: { type: "string", default: "" } } });

/** Vertices that are no part of the graph: the frontend's own, and the outputs. */
const OTHER = /^(\[internal\] load (build definition|\.dockerignore|metadata)|\[auth\]|export|resolve )/;

/** Runs docker, and returns the vertices that it shows. A step may fail: they are known before. */
function vertices(args: readonly string[]): readonly RecordedVertex[] {
  const command = ["docker", "buildx", "build", "--progress=rawjson", "--provenance=false", "-o", "type=cacheonly", ...args];
  const all = values.chroot === "" ? command : ["chroot", values.chroot, ...command];
  const { stderr, error } = spawnSync(all[0] as string, all.slice(1), { encoding: "utf8", maxBuffer: 1 << 28 });
  if (error) throw error;
  const found = new Map<string, RecordedVertex>();
  for (const line of stderr.split("\n").filter((text) => text.startsWith("{"))) {
    const status = JSON.parse(line) as { readonly vertexes?: readonly RecordedVertex[] };
    for (const { digest, name, inputs = [] } of status.vertexes ?? []) {
      if (!OTHER.test(name)) found.set(digest, { digest, name, ...(inputs.length > 0 ? { inputs } : {}) });
    }
  }
  if (found.size === 0) throw new Error(`docker showed no vertices:\n${stderr}`);
  // By name: the order of the stream changes from run to run.
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.digest < b.digest ? -1 : 1));
}

const missing = missingForBusybox();
if (missing !== undefined) throw new Error(`${missing} is not installed`);
const registry = await startBusyboxRegistry();
const work = mkdtempSync(join(values.chroot, "/tmp/tsbuild-vertices-"));
try {
  const images = new BaseImages({ registry: registry.host, base: "busybox" });
  for (const name of readdirSync(casePath("wire")).sort()) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const folder = casePath("wire", name);
    const settings: WireCase = existsSync(join(folder, "case.json")) ? JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) : {};
    const reference = await images.withConfig(settings.base ?? { Env: ["PATH=/bin"], Cmd: ["sh"] });
    const [, tag] = reference.split(/:(?=[^:]*$)/);
    const head = await fetch(`http://${registry.host}/v2/tsbuild-differential/manifests/${tag}`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    const digest = head.headers.get("docker-content-digest") ?? "";
    const context = join(work, name);
    mkdirSync(join(context, "dir"), { recursive: true });
    for (const file of ["a.txt", "b.txt", "dir/c.txt"]) writeFileSync(join(context, file), `${file}\n`);
    writeFileSync(join(context, "Dockerfile"), readFileSync(join(folder, "Dockerfile"), "utf8").replaceAll(BASE_IMAGE, reference));
    const record: WireRecord = {
      base: { reference, digest },
      vertices: vertices([...(settings.args ?? []), context.slice(values.chroot.length)]),
    };
    writeFileSync(join(folder, "buildkit.json"), `${JSON.stringify(record, undefined, 2)}\n`);
    process.stdout.write(`${name}: ${record.vertices.length} vertices\n`);
  }
} finally {
  await registry.stop();
  rmSync(work, { recursive: true, force: true });
}
