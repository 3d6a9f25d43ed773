import type { SourceRange } from "../../../core/diagnostics.js";
import type { ArgNode, Instruction, NodeOf } from "../ast.js";
import { LineMap } from "../../../core/text/line-map.js";
import type { StageFile, StageNode } from "../ast.js";
import { heredocScript, lineScript, type RunScript } from "./run-script.js";
import { shellsOf } from "./shells.js";

interface LintFileOptions {
  readonly file: StageFile;
  readonly text: string;
  readonly escape: string;
}

/** View of the file for rules that need the text alone. */
export class LintFile {
  readonly text: string;
  readonly escape: string;
  readonly globalArgs: readonly ArgNode[];
  readonly stages: readonly StageNode[];
  #map: LineMap | undefined;
  #scripts: ReadonlyMap<Instruction, readonly RunScript[]> | undefined;

  constructor({ file, text, escape }: LintFileOptions) {
    this.text = text;
    this.escape = escape;
    this.globalArgs = file.globalArgs;
    this.stages = file.stages;
  }

  /** Returns a range by offsets in the text. */
  range(start: number, end: number): SourceRange {
    this.#map ??= new LineMap(this.text);
    return this.#map.range(start, end);
  }

  /**
   * Scripts that POSIX shells run in all stages, in file order. Scripts of other shells and
   * programs are left out.
   */
  get scripts(): readonly RunScript[] {
    this.#scripts ??= this.#readScripts();
    return [...this.#scripts.values()].flat();
  }

  /** Returns the scripts that POSIX shells run for one instruction: its line, and its heredocs. */
  scriptsOf(node: Instruction): readonly RunScript[] {
    this.#scripts ??= this.#readScripts();
    return this.#scripts.get(node) ?? [];
  }

  #readScripts(): ReadonlyMap<Instruction, readonly RunScript[]> {
    const shells = shellsOf(this.stages, this.escape);
    const scripts = new Map<Instruction, readonly RunScript[]>();
    for (const stage of this.stages) {
      for (const node of stage.instructions) {
        if (node.kind !== "run" || node.command?.form !== "shell") continue;
        const run = node as NodeOf<"run">;
        const shell = shells.get(run) ?? [];
        const found = [
          lineScript(run, stage, shell, this),
          ...run.heredocs.map((heredoc) => heredocScript(run, stage, shell, heredoc, this)),
        ];
        scripts.set(
          node,
          found.filter((script) => script !== undefined),
        );
      }
    }
    return scripts;
  }
}
