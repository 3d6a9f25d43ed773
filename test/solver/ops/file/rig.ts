import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { CopyAction, FileOp } from "../../../../llb/ops.js";
import type { FileTree, PackPlan } from "../../../../oci/layer/model/toc.js";
import { planFileOp } from "../../../../solver/ops/file/plan-file-op.js";

export const MTIME = { sec: 1_700_000_000, nsec: 0 };
const scratch = mkdtempSync(join(tmpdir(), "tsbuild-file-op-"));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;

export function directory(): string {
  const path = join(scratch, String(directories++));
  mkdirSync(path);
  return path;
}

async function readFile(tree: FileTree, path: string): Promise<Uint8Array> {
  const content = tree.content(path);
  if (content.kind === "layer") throw new Error("no layers here");
  return content.kind === "bytes" ? content.data : readFileSync(content.path);
}

export function plan(op: FileOp, inputs: readonly (FileTree | undefined)[]): Promise<PackPlan> {
  return planFileOp(op, inputs, {
    describeInput: (index) => (index === 1 ? "the build context" : `input ${index}`),
    mtime: MTIME,
    readFile,
    temporaryDirectory: directory,
    unpackedLimit: 2 ** 30,
  });
}

export const COPY: CopyAction = {
  action: "copy",
  input: 0,
  secondaryInput: 1,
  src: "/",
  dest: "/",
  followSymlinks: true,
  dirCopyContents: true,
  attemptUnpack: false,
  createDestPath: true,
  allowWildcard: true,
  allowEmptyWildcard: true,
};
