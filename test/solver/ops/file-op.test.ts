import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import type { CopyAction, FileOp } from "../../../llb/ops.js";
import type { FileTree, PackPlan } from "../../../oci/layer/toc.js";
import { fileOpBase, planFileOp } from "../../../solver/ops/file/plan-file-op.js";
import { selectionDigest, subtreeDigest } from "../../../solver/ops/file/selection.js";
import { IgnoreRules } from "../../../solver/ops/ignore-rules.js";
import { LocalTree } from "../../../solver/ops/local-tree.js";
import { casePath } from "../../support/golden.js";
import { fileOpOf } from "../../support/copy-line.js";
import { archiveOf } from "../../support/file-op-archive.js";
import { formatSections, parseSections, type SectionCase } from "../../support/sections.js";
import { memoryTree, parseTree, planText, writeTree } from "../../support/tree-text.js";

const MTIME = { sec: 1_700_000_000, nsec: 0 };

const scratch = mkdtempSync(join(tmpdir(), "tsbuild-file-op-"));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;
function directory(): string {
  const path = join(scratch, String(directories++));
  mkdirSync(path);
  return path;
}

async function readFile(tree: FileTree, path: string): Promise<Uint8Array> {
  const content = tree.content(path);
  if (content.kind === "layer") throw new Error("no layers here");
  return content.kind === "bytes" ? content.data : readFileSync(content.path);
}

function plan(op: FileOp, inputs: readonly (FileTree | undefined)[]): Promise<PackPlan> {
  return planFileOp(op, inputs, {
    describeInput: (index) => (index === 1 ? "the build context" : `input ${index}`),
    mtime: MTIME,
    readFile,
    temporaryDirectory: directory,
  });
}

/** The source of a case: a directory on disk for a context, memory for a stage. */
function sourceOf({ sections }: SectionCase): FileTree {
  const stage = sections.get("stage");
  if (stage !== undefined) return memoryTree(parseTree(stage));
  const root = directory();
  writeTree(root, parseTree(sections.get("context") ?? ""));
  for (const [name, text] of sections) {
    if (!name.startsWith("archive ")) continue;
    const file = name.slice("archive ".length);
    const bytes = archiveOf(parseTree(text));
    writeFileSync(join(root, file), file.endsWith(".gz") ? gzipSync(bytes) : bytes);
  }
  const rules = (sections.get("ignore") ?? "")
    .split("\n")
    .flatMap((pattern, index) => (pattern.startsWith("#") ? [] : [{ pattern, line: index + 1 }]));
  return new LocalTree(root, { ignore: new IgnoreRules(rules) });
}

async function outcome(found: SectionCase): Promise<readonly [string, string]> {
  const base = found.sections.get("base");
  const op = fileOpOf((found.sections.get("step") ?? "").trim());
  try {
    const made = await plan(op, [base === undefined ? undefined : memoryTree(parseTree(base)), sourceOf(found)]);
    for (const entry of made.entries) {
      if (entry.source?.kind === "bytes" && entry.digest !== sha256(entry.source.data)) throw new Error(`wrong digest of ${entry.path}`);
      if (entry.source?.kind === "path" && entry.digest !== sha256(readFileSync(entry.source.path)))
        throw new Error(`wrong digest of ${entry.path}`);
    }
    return ["layer", planText(made)];
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return ["error", `${error.code}\n${error.message}\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`];
  }
}

for (const file of readdirSync(casePath("file-op")).sort()) {
  const text = readFileSync(casePath("file-op", file), "utf8");
  const cases = parseSections(text);
  if (process.env["UPDATE_GOLDEN"]) {
    test.serial(`${file}: rewritten`, async (t) => {
      const updated: SectionCase[] = [];
      for (const found of cases) {
        const [name, result] = await outcome(found);
        const kept = [...found.sections].filter(([section]) => section !== "layer" && section !== "error" && section !== "peer");
        const peer = found.sections.get("peer");
        updated.push({
          title: found.title,
          sections: new Map([...kept, [name, result], ...(peer === undefined ? [] : [["peer", peer] as const])]),
        });
      }
      writeFileSync(casePath("file-op", file), formatSections(text.slice(0, text.indexOf("=== ")), updated));
      t.pass();
    });
    continue;
  }
  for (const found of cases) {
    test(`${file}: ${found.title}`, async (t) => {
      const [name, result] = await outcome(found);
      t.is(
        `${name}\n${result}`,
        found.sections.has("layer") ? `layer\n${found.sections.get("layer")}` : `error\n${found.sections.get("error")}`,
      );
    });
  }
}
