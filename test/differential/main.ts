/**
 * Builds the case folders of test/cases/dockerfile and test/e2e/cases here and with a real
 * BuildKit, and prints differences in config, history or tree. Not part of the tests: it needs a
 * docker engine that shares this machine's loopback, and the needs of the end-to-end tests.
 *
 *     npm run differential -- [--chroot DIR] [--keep] [CASE …]
 *
 * DOCKER_HOST names the engine. With --chroot the docker client runs in that root, where it sees
 * files. Exit 1 means unexplained differences.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot } from "../../core/package-root.js";
import { missingForBusybox, startBusyboxRegistry } from "../support/images/base-image.js";
import { BaseImages } from "./bases.js";
import { type DifferentialCase, differentialCases } from "./cases.js";
import { differences, explanation, type Outcome, readExplained } from "./compare.js";
import { readOciArchive } from "./image.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chroot: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const chroot = values.chroot ?? "";
const work = mkdtempSync(join(chroot, "/tmp/tsbuild-differential-"));
/** Config of an image that the case does not describe. */
const DEFAULT_IMAGE = { Env: ["PATH=/bin"], Cmd: ["sh"], WorkingDir: "/" };

const inside = (path: string): string => path.slice(chroot.length);

function run(command: string, args: readonly string[], archive: string): Outcome {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status === 0) return { kind: "image", image: readOciArchive(archive) };
  const message = /^(?:ERROR|error)[^:]*: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").slice(-4).join(" / ");
  return { kind: "refused", message };
}

/** Writes the files for cases without a context of their own. */
function writeContextFile(context: string, name: string): void {
  mkdirSync(dirname(join(context, name)), { recursive: true });
  writeFileSync(join(context, name), `${name}\n`);
}

/** Copies the case to where both builders see it, and builds it with both. */
async function play(found: DifferentialCase, images: BaseImages): Promise<readonly string[]> {
  const folder = join(work, found.name.replaceAll(/[^\w.-]/g, "-"));
  const context = join(folder, "context");
  mkdirSync(context, { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), found.dockerfile);
  if (found.context) cpSync(found.context, context, { recursive: true, verbatimSymlinks: true });
  else for (const name of ["a.txt", "b.txt", "dir/c.txt"]) writeContextFile(context, name);
  if (found.ignoreFile) cpSync(found.ignoreFile, join(folder, "Dockerfile.dockerignore"));
  const references = new Map<string, string>();
  for (const [name, config] of Object.entries({ busybox: DEFAULT_IMAGE, ...found.images })) {
    if (config !== null) references.set(name, `docker-image://${await images.withConfig(config)}`);
  }
  for (const [name, from] of Object.entries(found.contexts)) cpSync(from, join(folder, name), { recursive: true });
  const flags = (path: (file: string) => string): string[] => [
    ...found.args.map((arg) => arg.replace("REGISTRY", images.registry)),
    "--build-arg",
    `REGISTRY=${images.registry}`,
    ...[...references].flatMap(([name, reference]) => ["--build-context", `${name}=${reference}`]),
    ...Object.keys(found.contexts).flatMap((name) => ["--build-context", `${name}=${path(join(folder, name))}`]),
    "-f",
    path(join(folder, "Dockerfile")),
  ];
  const archive = (name: string): string => join(folder, `${name}.tar`);
  const oursArgs = [join(packageRoot(), "dist", "cli.js"), "build", ...flags((file) => file), "--progress=plain"];
  const ours = run(process.execPath, [...oursArgs, "-o", `type=oci,dest=${archive("ours")}`, context], archive("ours"));
  const network = found.args.some((arg) => arg.startsWith("--network")) ? [] : ["--network=host"];
  const docker = ["docker", "buildx", "build", "--allow", "network.host", ...network, "--provenance=false", "--progress=plain"];
  const peerArgs = [...docker, ...flags(inside), "-o", `type=oci,dest=${inside(archive("peer"))}`, inside(context)];
  const peer = chroot === "" ? run("docker", peerArgs.slice(1), archive("peer")) : run("chroot", [chroot, ...peerArgs], archive("peer"));
  if (ours.kind === "refused" && peer.kind === "refused") process.stdout.write(`  both refuse: ${ours.message} · ${peer.message}\n`);
  return differences(ours, peer);
}

const explained = readExplained();
let unexplained = 0;
let known = 0;
let compared = 0;
const missing = missingForBusybox();
if (missing !== undefined) throw new Error(`${missing} is not installed`);
const registry = await startBusyboxRegistry();
try {
  const images = new BaseImages({ registry: registry.host, base: "busybox" });
  for (const found of differentialCases()) {
    if (positionals.length > 0 && !positionals.some((wanted) => found.name.includes(wanted))) continue;
    process.stdout.write(`${found.name}\n`);
    compared++;
    for (const difference of await play(found, images)) {
      const why = explanation(explained, found.name, difference);
      if (why) known++;
      else unexplained++;
      process.stdout.write(`  ${why ? `explained (${why.why})` : "DIFFERS"} ${difference}\n`);
    }
  }
} finally {
  await registry.stop();
  if (values.keep) process.stdout.write(`kept: ${work}\n`);
  else rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${compared} cases compared: ${unexplained} differences, ${known} explained\n`);
process.exitCode = unexplained > 0 ? 1 : 0;
