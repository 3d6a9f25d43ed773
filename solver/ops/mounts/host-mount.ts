import type { SandboxMount } from "../../../executor-native/contract.js";
import type { Mount } from "../../../llb/ops.js";
import type { OpContext } from "../../engine/op.js";
import type { StepResult } from "../../result.js";
import { subtreeDigest } from "../file/selection.js";
import { subtreeAt } from "../file/subtree.js";
import { hostDirectoryChanged } from "../local/errors.js";
import { LocalTree } from "../local/local-tree.js";
import { refuseSpecialFiles } from "../local/special-files.js";

/** A directory of the machine that a step has itself. */
interface HostMount {
  readonly mount: SandboxMount;
  /**
   * Throws `context/file-changed` when the directory is not as it was when the step's key was made.
   */
  readonly verify: () => Promise<void>;
}

/**
 * Returns the mount of a part of a directory. The step's key has the content of that part, so a
 * change of it while the step runs would leave a result under a key that is not its own.
 */
export function hostMount(mount: Mount & { readonly type: "bind" }, input: StepResult, { signal }: OpContext): HostMount {
  if (input.kind !== "tree" || !(input.tree instanceof LocalTree)) throw new Error("internal: a mount of the machine without a directory");
  const { tree } = input;
  const { dest, selector } = mount;
  const { root } = subtreeAt(tree, selector);
  if (tree.lookup(root)?.type === "dir") refuseSpecialFiles(tree, root);
  return {
    mount: { type: "host", directory: tree.root, selector: `/${root}`, dest },
    async verify() {
      const [before, after] = [await subtreeDigest(tree, selector, { signal }), await subtreeDigest(tree.again(), selector, { signal })];
      if (before !== after) throw hostDirectoryChanged(tree.name);
    },
  };
}
