import type { CopyAction, FileAction } from "../../../llb/ops.js";
import { type Edge, edge, type Rootfs } from "../../../llb/vertex.js";
import type { CommonCopy } from "./copy-options.js";
import { Inputs } from "./inputs.js";

export type CopyWithoutInputs = Omit<CopyAction, "action" | "input" | "secondaryInput">;

/** Builds the one file operation: each action works on the result of the one before it. */
export class ActionMaker {
  readonly #inputs = new Inputs();
  readonly #pending: { readonly make: (base: number, inputCount: number, previous: number) => FileAction; readonly isDocument: boolean }[] =
    [];
  readonly #base: number;

  constructor(base: Rootfs) {
    this.#base = this.#inputs.of(base);
  }

  copy(from: Rootfs, copy: CopyWithoutInputs): void {
    const secondary = this.#inputs.of(from);
    this.#pending.push({ isDocument: false, make: (base) => ({ action: "copy", input: base, secondaryInput: secondary, ...copy }) });
  }

  /**
   * Adds a heredoc: a file in an empty filesystem that is then copied, so that destination, owner
   * and mode work as for any file.
   */
  document(name: string, content: string, common: CommonCopy): void {
    const data = Buffer.from(content).toString("base64");
    this.#pending.push({ isDocument: true, make: () => ({ action: "mkfile", input: -1, path: `/${name}`, mode: 0o644, data }) });
    this.#pending.push({
      isDocument: false,
      make: (base, inputCount, previous) => ({
        action: "copy",
        input: base,
        secondaryInput: inputCount + previous,
        src: `/${name}`,
        followSymlinks: false,
        dirCopyContents: false,
        attemptUnpack: false,
        allowWildcard: false,
        allowEmptyWildcard: false,
        ...common,
      }),
    });
  }

  edge(metadata: Parameters<typeof edge>[0]["metadata"]): Edge {
    const count = this.#inputs.edges.length;
    let base = this.#base;
    const actions = this.#pending.map(({ make, isDocument }, index) => {
      const action = make(base, count, index - 1);
      if (!isDocument) base = count + index;
      return action;
    });
    return edge({ op: { kind: "file", actions }, inputs: this.#inputs.edges, metadata });
  }
}
