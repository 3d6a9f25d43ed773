import type { FileTree } from "../../oci/layer/model/toc.js";
import { RootfsView } from "../../oci/layer/model/view.js";
import { readTreeFile } from "../../solver/ops/inputs/input-tree.js";
import { sessionLayers } from "../commands/session-layers.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import type { CommonOptions } from "../options/options.js";
import { withCommandSession } from "../commands/run-on-layers.js";
import { type Aspect, compareTrees, type FileChange, type FileState } from "./compare-trees.js";
import { findSide } from "./side.js";

export type { Aspect, FileChange, FileState } from "./compare-trees.js";

export interface DiffOptions extends Pick<CommonOptions, "root" | "signal"> {
  /** An image of the store, or a step as `BuildHistoryStore.step` finds it. */
  readonly of: string;
  /** The same, to compare it with. Default: the step before, or the image's base. */
  readonly to?: string;
  /** Build that the steps are of, as for `BuildHistoryStore.get`. Default: the newest. */
  readonly build?: string;
  /** Platform of images, such as `linux/arm64`. Default: this machine's. */
  readonly platform?: string;
  /** True adds the lines that differ to each change. */
  readonly patch?: boolean;
}

/** A path that differs. */
export interface DiffEntry extends FileChange {
  /** Difference as git writes it, when it was asked for. */
  readonly patch?: string;
}

/**
 * Returns what a step or an image changed, by path; or, with `to`, what is different in `to`. Reads
 * tables of contents, and files only for patches.
 */
export async function diff(options: DiffOptions): Promise<readonly DiffEntry[]> {
  const { root, signal, of, to, patch = false } = options;
  return await withCommandSession({ root, signal }, async (session) => {
    const service = sessionLayers(session);
    const reporter = quietReporter(session.signal);
    const side = findSide(of, options, session.store);
    const [below, above] = to === undefined ? [side.base, side.layers] : [side.layers, findSide(to, options, session.store).layers];
    const before = below.length === 0 ? new RootfsView([]) : await service.view(below, reporter);
    const after = above.length === 0 ? new RootfsView([]) : await service.view(above, reporter);
    const changes = await compareTrees(before, after, session.signal);
    if (!patch) return changes;
    const { isReadable, textPatch } = await import("./text-patch.js");
    const ports = { layers: service, sandboxes: session.workers };
    const read = async (tree: FileTree, path: string, state: FileState | undefined): Promise<Uint8Array | undefined> =>
      isReadable(state) ? await readTreeFile(tree, path.slice(1), ports, reporter) : undefined;
    const entries: DiffEntry[] = [];
    for (const change of changes) {
      const isSame =
        change.change === "modified" && !(["content", "type", "link"] satisfies Aspect[]).some((aspect) => change.aspects.includes(aspect));
      const contents = isSame
        ? { before: new Uint8Array(), after: new Uint8Array() }
        : { before: await read(before, change.path, change.before), after: await read(after, change.path, change.after) };
      entries.push({ ...change, patch: textPatch(change, contents) });
    }
    return entries;
  });
}
