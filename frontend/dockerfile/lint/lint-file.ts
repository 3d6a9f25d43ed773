import type { SourceRange } from "../../../core/diagnostics.js";
import type { ArgNode, NodeOf } from "../ast.js";
import { LineMap } from "../source-lines.js";
import type { StageFile, StageNode } from "../stages.js";
import { heredocScript, lineScript, type RunScript } from "./run-script.js";
import { shellsOf } from "./shells.js";

/** What rules that look at the text alone see. */
export class LintFile {
  readonly globalArgs: readonly ArgNode[];
  readonly stages: readonly StageNode[];
  #map: LineMap | undefined;
  #scripts: readonly RunScript[] | undefined;

  constructor(
    file: StageFile,
    readonly text: string,
    readonly escape: string,
  ) {
    this.globalArgs = file.globalArgs;
    this.stages = file.stages;
  }

  /** A place by offsets in the text. */
  range(start: number, end: number): SourceRange {
    this.#map ??= new LineMap(this.text);
    return this.#map.range(start, end);
  }

  /** What POSIX shells run in all stages, in file order. What other shells and programs run is not among it. */
  get scripts(): readonly RunScript[] {
    if (!this.#scripts) {
      const shells = shellsOf(this.stages, this.escape);
      this.#scripts = this.stages
        .flatMap((stage) =>
          stage.instructions.flatMap((node) => {
            if (node.kind !== "run" || node.command?.form !== "shell") return [];
            const run = node as NodeOf<"run">;
            const shell = shells.get(run) ?? [];
            return [lineScript(run, stage, shell, this), ...run.heredocs.map((heredoc) => heredocScript(run, stage, shell, heredoc, this))];
          }),
        )
        .filter((script) => script !== undefined);
    }
    return this.#scripts;
  }
}
