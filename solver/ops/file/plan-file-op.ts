import { throwIfAborted } from "../../../core/errors.js";
import type { FileAction, FileOp, Owner } from "../../../llb/ops.js";
import type { FileTree, PackPlan } from "../../../oci/layer/model/toc.js";
import type { Timestamp } from "../../../core/file-node.js";
import { copySelected } from "./copy.js";
import { makeDirectory, makeFile, makeSymlink, removePath } from "./make.js";
import { parseMode } from "./mode.js";
import { type Ids, type ReadFile, resolveOwner } from "./owner.js";
import { filterOf, selectSources } from "./select.js";
import { TreeBuilder } from "./tree-builder.js";
import { unpackArchive } from "./unpack.js";

interface FileOpOptions {
  /** Names input `index` in messages: `the build context`, `stage "build"`. */
  readonly describeInput: (index: number) => string;
  /** Time of files and directories without a source: parents, WORKDIR, heredocs. */
  readonly mtime: Timestamp;
  /** Reads a file of a tree: /etc/passwd, /etc/group, archives. The path is resolved. */
  readonly readFile: ReadFile;
  /**
   * Makes a directory for extracted files when needed. The caller removes it when the layer is
   * packed.
   */
  readonly temporaryDirectory: () => string;
  /** Bytes that an archive may unpack to. */
  readonly unpackedLimit: number;
  readonly signal?: AbortSignal;
}

/**
 * Returns the layer that a file op adds to the input that its last action changes (see {@link
 * fileOpBase}). Works on trees alone: unpacks nothing, and reads only owners' names, archives and
 * digests of files. `inputs` are the vertex's inputs, undefined for empty ones.
 */
export async function planFileOp(op: FileOp, inputs: readonly (FileTree | undefined)[], options: FileOpOptions): Promise<PackPlan> {
  const uses = countUses(op, inputs.length);
  const results: TreeBuilder[] = [];
  const treeOf = (index: number): FileTree | undefined => (index < 0 ? undefined : index < inputs.length ? inputs[index] : resultOf(index));
  const resultOf = (index: number): TreeBuilder => {
    const result = results[index - inputs.length];
    if (!result) throw new Error(`internal: a file action uses result ${index}, which is not there yet`);
    return result;
  };
  for (const action of op.actions) {
    throwIfAborted(options.signal);
    let target: TreeBuilder;
    if (action.input < inputs.length) target = new TreeBuilder(treeOf(action.input));
    else target = (uses.get(action.input) ?? 0) > 1 ? resultOf(action.input).clone() : resultOf(action.input);
    await applyAction(target, action, treeOf, options);
    results.push(target);
  }
  const last = results[results.length - 1];
  if (!last) throw new Error("internal: a file op needs an action");
  return last.plan(options.signal);
}

/** Returns the input below the planned layer; -1 for none. */
export function fileOpBase(op: FileOp, inputs: number): number {
  let index = inputs + op.actions.length - 1;
  while (index >= inputs) index = (op.actions[index - inputs] as FileAction).input;
  return index;
}

/** Counts the actions that use each result. */
function countUses(op: FileOp, inputs: number): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const use = (index: number): void => {
    if (index >= inputs) uses.set(index, (uses.get(index) ?? 0) + 1);
  };
  for (const action of op.actions) {
    use(action.input);
    if (action.action === "copy") use(action.secondaryInput);
  }
  return uses;
}

async function applyAction(
  target: TreeBuilder,
  action: FileAction,
  treeOf: (index: number) => FileTree | undefined,
  options: FileOpOptions,
): Promise<void> {
  const { mtime } = options;
  const ownerOf = (owner: Owner | undefined, lenient = false): Promise<Ids | undefined> =>
    resolveOwner(owner, target, { readFile: options.readFile, lenient });
  switch (action.action) {
    case "copy": {
      const source = treeOf(action.secondaryInput) ?? new TreeBuilder(undefined);
      const owner = await ownerOf(action.owner);
      const mode = action.mode === undefined ? undefined : parseMode(action.mode);
      const filter = filterOf(action);
      for (const selected of selectSources(source, action, options.describeInput(action.secondaryInput))) {
        if (action.attemptUnpack && (await unpackArchive(target, source, selected, action, { ...options, owner }))) continue;
        copySelected(target, source, selected, action, { owner, mode, filter, mtime });
      }
      return;
    }
    case "mkfile":
      return makeFile(target, action, { owner: await ownerOf(action.owner), mtime });
    case "mkdir":
      return makeDirectory(target, action, { owner: await ownerOf(action.owner, true), mtime });
    case "symlink":
      return makeSymlink(target, action, { owner: await ownerOf(action.owner), mtime });
    case "rm":
      return removePath(target, action);
  }
}
