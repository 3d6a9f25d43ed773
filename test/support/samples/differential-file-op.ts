/**
 * Runs the cases of test/cases/file-op through a real `docker build` and prints the differences of
 * its layers from ours. Not part of the tests: it needs a docker engine.
 *
 *     node build/test/support/samples/differential-file-op.js [--chroot DIR] [FILE.txt …]
 *
 * With --chroot the docker client runs in that root, where the engine sees files. DOCKER_HOST names
 * the engine.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { TarHeader } from "../../../oci/tar/header.js";
import { TarParser } from "../../../oci/tar/reader.js";
import { archiveOf } from "./file-op-archive.js";
import { casePath } from "../golden.js";
import { parseSections, type SectionCase } from "../sections.js";
import { formatLines, type Line, parseTree, writeTree } from "../tree-text.js";

const args = process.argv.slice(2);
const chrootAt = args.indexOf("--chroot");
const chroot = chrootAt === -1 ? undefined : args.splice(chrootAt, 2)[1];
const work = mkdtempSync(join(chroot ?? "", "/tmp/tsbuild-differential-"));
const images = new Set<string>();

function docker(words: readonly string[], input?: string): Buffer {
  const command = chroot === undefined ? "docker" : "chroot";
  const all = chroot === undefined ? words : [chroot, "docker", ...words];
  return execFileSync(command, all, {
    ...(input === undefined ? {} : { input }),
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

function inside(path: string): string {
  return chroot === undefined ? path : path.slice(chroot.length);
}

/** Makes an image with exactly these files. */
function imageOf(tree: string): string {
  const name = `tsbuild-differential:${createHash("sha256").update(tree).digest("hex").slice(0, 16)}`;
  if (images.has(name)) return name;
  const context = mkdtempSync(join(work, "image-"));
  writeFileSync(join(context, "tree.tar"), archiveOf(parseTree(tree)));
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\nADD tree.tar /\n");
  docker(["buildx", "build", "-q", "-t", name, inside(context)]);
  images.add(name);
  return name;
}

function entriesOf(archive: Buffer): readonly { readonly header: TarHeader; readonly data: Buffer }[] {
  const out: { header: TarHeader; data: Buffer }[] = [];
  const chunks: Buffer[] = [];
  const parser = new TarParser({
    entry: (header) => {
      chunks.length = 0;
      out.push({ header, data: Buffer.alloc(0) });
    },
    data: (chunk) => chunks.push(Buffer.from(chunk)),
    end: () => {
      const last = out.at(-1);
      if (last) last.data = Buffer.concat(chunks);
    },
  });
  parser.push(archive);
  parser.finish();
  return out;
}

function layerText(archive: Buffer): string {
  const kinds: Readonly<Record<string, Line["kind"]>> = { dir: "d", file: "f", symlink: "l", hardlink: "h", fifo: "p" };
  return formatLines(
    entriesOf(archive).map(({ header, data }) => {
      const { mode, uid, gid, type, link } = header;
      return {
        kind: kinds[type] as Line["kind"],
        mode,
        uid,
        gid,
        path: header.name.replace(/\/$/, ""),
        text: type === "file" ? data.toString() : (link ?? ""),
      };
    }),
  );
}

/**
 * Returns the engine's result of a case, in the form of the case file; undefined when it has no
 * such step.
 */
function peerOutcome({ sections }: SectionCase): string | undefined {
  const step = (sections.get("step") ?? "").trim();
  if (step.startsWith("RM ") || step.includes("--parents")) return undefined;
  const context = mkdtempSync(join(work, "context-"));
  writeTree(context, parseTree(sections.get("context") ?? ""));
  for (const [name, text] of sections) {
    if (!name.startsWith("archive ")) continue;
    const file = name.slice("archive ".length);
    writeFileSync(join(context, file), file.endsWith(".gz") ? gzipSync(archiveOf(parseTree(text))) : archiveOf(parseTree(text)));
  }
  const ignore = sections.get("ignore");
  const dockerfiles = mkdtempSync(join(work, "dockerfile-"));
  if (ignore !== undefined) writeFileSync(join(dockerfiles, "Dockerfile.dockerignore"), ignore);
  const base = sections.get("base");
  const stage = sections.get("stage");
  const [workdir, user] = step.startsWith("WORKDIR") ? step.split(" ").slice(1) : [];
  const line =
    workdir !== undefined
      ? `${user === undefined ? "" : `USER ${user}\n`}WORKDIR ${workdir}`
      : stage === undefined
        ? step
        : step.replace(/^COPY/, `COPY --from=${imageOf(stage)}`);
  writeFileSync(join(dockerfiles, "Dockerfile"), `FROM ${base === undefined ? "scratch" : imageOf(base)}\n${line}\n`);
  const name = "tsbuild-differential:case";
  try {
    docker(["buildx", "build", "-q", "-t", name, "-f", inside(join(dockerfiles, "Dockerfile")), inside(context)]);
  } catch (error) {
    const text = String((error as { stderr?: Buffer }).stderr ?? error);
    return `error: ${/ERROR: (.*)/.exec(text)?.[1] ?? text}\n`;
  }
  const saved = new Map(entriesOf(docker(["save", name])).map(({ header, data }) => [header.name, data]));
  const [manifest] = JSON.parse(String(saved.get("manifest.json"))) as { Layers: string[] }[];
  const layers = manifest?.Layers ?? [];
  // A step that changes nothing may leave no layer.
  if (layers.length < (base === undefined ? 1 : 2)) return "";
  const layer = saved.get(layers.at(-1) as string) as Buffer;
  return layerText(layer[0] === 0x1f ? gunzipSync(layer) : layer);
}

let differences = 0;
let compared = 0;
try {
  mkdirSync(work, { recursive: true });
  for (const file of readdirSync(casePath("file-op")).sort()) {
    if (args.length > 0 && !args.includes(file)) continue;
    for (const found of parseSections(readFileSync(casePath("file-op", file), "utf8"))) {
      const peer = peerOutcome(found);
      if (peer === undefined) continue;
      compared++;
      const ours = found.sections.get("peer") ?? found.sections.get("layer") ?? "error";
      if (peer === ours || (peer.startsWith("error") && ours === "error")) continue;
      differences++;
      process.stdout.write(`${file}: ${found.title}\n--- ours\n${ours}--- peer\n${peer}\n`);
    }
  }
} finally {
  for (const name of [...images, "tsbuild-differential:case"]) {
    try {
      docker(["rmi", "-f", name]);
    } catch {
      // It was never made.
    }
  }
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${compared} cases compared, ${differences} differ\n`);
