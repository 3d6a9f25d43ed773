import type { LayerId } from "../../cache/contract/layers.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { GitSource } from "../../llb/sources/git.js";
import type { ContentSource, PackEntry } from "../../oci/layer/model/toc.js";
import type { NodeMeta, Timestamp } from "../../core/file-node.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { Ports, Sources } from "../ports.js";
import type { EngineOp, OpContext } from "../engine/op.js";
import type { LayerAccess } from "../layers/layer-access.js";
import { packLayer } from "../layers/pack.js";
import { checkOut } from "../remote/git-checkout.js";
import { subdirNotFound } from "../remote/git-errors.js";
import type { GitCommit } from "../remote/git-repositories.js";
import type { StepResult } from "../result.js";
import { LocalTree } from "./local/local-tree.js";

type GitPorts = Ports<"layers"> & { readonly sources: Pick<Sources, "repositories"> };

/**
 * Returns the op of a Git commit. The commit's id is its identity, wherever the repository is. When
 * `.git` is kept, the identity also has the remote and the names that `.git` records.
 */
export function gitSourceOp(source: GitSource, { sources: { repositories }, layers }: GitPorts): EngineOp<StepResult> {
  return {
    async identity(opContext) {
      return identityOf(source, await repositories.commit(source, opContext));
    },
    async run(_inputs, opContext) {
      const commit = await repositories.commit(source, opContext);
      const made = await checkOut(source, commit, { repositories, store: layers.store, reporter: opContext });
      return await withResource(made, async (checkout) => {
        const mtime = source.mtime === "commit" ? { sec: checkout.committedAt, nsec: 0 } : undefined;
        const entries = checkoutEntries(source, checkout.directory, mtime);
        return { kind: "layers", layers: [await pack(entries, layers, opContext)] };
      });
    },
  };
}

function identityOf(source: GitSource, commit: GitCommit): string {
  const parts = [`git ${commit.id}`];
  if (source.subdir !== "") parts.push(`directory ${JSON.stringify(source.subdir)}`);
  if (!source.submodules) parts.push("without submodules");
  if (source.mtime === "commit") parts.push("times of the commit");
  if (keepsGitDir(source)) parts.push(`.git ${JSON.stringify([source.remote, commit.name ?? "", commit.tag ?? ""])}`);
  return parts.join(", ");
}

/** Returns true when `.git` is kept. A part of the files has no `.git`. */
function keepsGitDir(source: GitSource): boolean {
  return source.keepGitDir && source.subdir === "";
}

/**
 * Packs a checkout as a layer. Note that we do not clamp its times to the build's epoch, because
 * the epoch is not part of the key. A copy from the layer clamps them.
 */
function pack(entries: readonly PackEntry[], layers: LayerAccess, opContext: OpContext): Promise<LayerId> {
  return packLayer(layers, { entries }, { type: "uncompressed" }, opContext, { clamp: false });
}

/**
 * Returns everything in the source's directory, with the modes that git knows, whatever this
 * process's umask is.
 */
function checkoutEntries(source: GitSource, directory: string, mtime: Timestamp | undefined): PackEntry[] {
  const tree = new LocalTree(directory, { name: source.remote });
  const root = rootOf(tree, source);
  const keep = keepsGitDir(source);
  const top = tree.lookup(root);
  // A copy of the whole source gives the new directory this date.
  const entries: PackEntry[] = top ? [{ ...top, path: "", mode: 0o755, ...(mtime ? { mtime } : {}) }] : [];
  const add = (from: string, to: string): void => {
    for (const name of tree.children(from)) {
      if (name === ".git" && !keep) continue;
      const path = from === "" ? name : `${from}/${name}`;
      const node = tree.lookup(path);
      if (!node) continue;
      const target = to === "" ? name : `${to}/${name}`;
      const content: { source?: ContentSource } = node.type === "file" ? { source: tree.content(path) } : {};
      entries.push({ ...node, path: target, mode: gitMode(node), ...(mtime ? { mtime } : {}), ...content });
      if (node.type === "dir") add(path, target);
    }
  };
  add(root, "");
  return entries;
}

/** Returns the root directory; links on its path stay inside the repository. */
function rootOf(tree: LocalTree, source: GitSource): string {
  if (source.subdir === "") return "";
  const { path, node } = resolvePath(tree, source.subdir);
  if (!node || path === ".git" || path.startsWith(".git/")) throw subdirNotFound(source.remote, source.subdir, "nothing");
  if (node.type !== "dir") throw subdirNotFound(source.remote, source.subdir, "file");
  return path;
}

/** Returns 0755 for directories and programs, 0644 for files; 0444 for git's own objects. */
function gitMode({ type, mode }: NodeMeta): number {
  if (type === "dir") return 0o755;
  if (type === "symlink") return 0o777;
  return 0o444 | (mode & 0o200) | (mode & 0o100 ? 0o111 : 0);
}
