import { TsbuildError } from "../../../core/errors.js";
import { parsePlatform, type Platform } from "../../../oci/platform.js";
import { tryParseReference } from "../../../oci/reference.js";
import type { FrontendOptions, FrontendPorts } from "../../frontend.js";
import type { DockerfileAst, Word } from "../ast.js";
import { variableRange } from "../errors/edits.js";
import * as errors from "../errors/errors.js";
import type { Expansion } from "../values/expand.js";
import { flagWord } from "../syntax/flags.js";
import { automaticArgs, type GlobalArgs, globalArgs } from "./global-args.js";
import { checkArgNode } from "../instructions/arg.js";
import { checkInstruction } from "../instructions/table.js";
import type { Linter } from "../lint/linter.js";
import { FromPlatformFlagConstDisallowed } from "../lint/rules/from-platform-flag-const-disallowed.js";
import { InvalidDefaultArgInFrom } from "../lint/rules/invalid-default-arg-in-from.js";
import { RedundantTargetPlatform } from "../lint/rules/redundant-target-platform.js";
import { UndefinedArgInFrom } from "../lint/rules/undefined-arg-in-from.js";
import { LintFile } from "../lint/lint-file.js";
import { lintFile } from "../lint/lint-text.js";
import { InstructionProblem, tryExpand } from "../stage/instruction-context.js";
import type { Problem } from "../problem.js";
import type { Report } from "../errors/report.js";
import { StageGraph } from "./stage-graph.js";
import { StageState } from "../stage/stage-state.js";
import { splitStages } from "./stages.js";
import type { StageFile, StageNode } from "../ast.js";

/** State of a build before any image is resolved. */
export interface BuildPlan {
  readonly graph: StageGraph;
  readonly target: StageState | undefined;
  readonly globals: GlobalArgs;
}

interface PlanContext {
  readonly ast: DockerfileAst;
  readonly options: FrontendOptions;
  readonly ports: FrontendPorts;
  readonly report: Report;
  readonly linter: Linter;
}

/**
 * Plans stages, their bases and their dependencies from the text, the arguments and the named
 * contexts.
 */
export async function planBuild(context: PlanContext): Promise<BuildPlan> {
  const { ast, options, report, linter } = context;
  const file = splitStages(ast, report);
  lintFile(new LintFile({ file, text: options.text, escape: ast.directives.escape }), linter);
  for (const node of file.globalArgs) checkArgNode(node, report);
  const last = file.stages[file.stages.length - 1];
  if (!last && !report.hasErrors) report.add(errors.noInstructions());
  const { escape } = ast.directives;
  const automatic = automaticArgs(options, options.target ?? last?.name);
  warnInvalidDefaults(file, globalArgs(automatic, file.globalArgs, { buildArgs: {}, escape }, undefined), escape, linter);
  const globals = globalArgs(automatic, file.globalArgs, { buildArgs: options.buildArgs, escape }, report);

  const graph = new StageGraph();
  const platforms = file.stages.map((stage) => stagePlatform(stage, globals, escape, context));
  const named = await Promise.all(
    file.stages.map((stage, i) =>
      stage.name === undefined || stage.name === "scratch" || stage.name === "context"
        ? Promise.resolve(undefined)
        : context.ports.namedContext(stage.name, { platform: platforms[i] ?? options.targetPlatform }),
    ),
  );
  for (const [i, stage] of file.stages.entries()) {
    const state = new StageState({ node: stage, label: stage.name ?? `stage-${i}`, range: stage.node.range });
    state.platform = platforms[i];
    const base = expandInFrom(stage.base, stage, globals, escape, context)?.text;
    const replacement = named[i];
    if (base === "") report.add(errors.emptyBase(stage.base.text, stage.base.range));
    if (replacement) state.origin = { kind: "context", context: replacement };
    else if (base !== undefined && base !== "") {
      const stageBase = graph.findBase(base);
      if (stageBase) state.origin = { kind: "stage", stage: stageBase };
      else if (base !== "scratch") state.origin = { kind: "image", ref: base };
    }
    if (options.noCache === true) state.ignoreReason = "--no-cache was given";
    else if (options.noCache !== false && stage.name !== undefined && options.noCache.includes(stage.name))
      state.ignoreReason = `--no-cache-filter names its stage "${stage.name}"`;
    graph.add(state);
  }
  bindInstructions(
    graph,
    report,
    ast.problems.filter(({ severity }) => severity === "error"),
  );
  const target = options.target === undefined ? graph.stages.at(-1) : graph.find(options.target);
  if (!target && options.target !== undefined && last) report.add(errors.unknownTarget(options.target, graph.names));
  return { graph, target, globals };
}

/**
 * Checks the instructions of every stage, also of unneeded ones: a file is right or wrong as a
 * whole.
 */
function bindInstructions(graph: StageGraph, report: Report, unread: readonly Problem[]): void {
  for (const state of graph.stages) {
    for (const node of state.node?.instructions ?? []) {
      const instruction = checkInstruction(node, report);
      // A named context replaces the stage: its instructions are checked, but need nothing and do
      // nothing. The rest of an instruction that could not be read whole is not reported again.
      const isWhole = !unread.some(({ range }) => range && range.start >= node.range.start && range.start < node.range.end);
      const command = instruction && isWhole && state.origin.kind !== "context" && graph.bind(state, instruction, false, report);
      if (command) state.commands.push(command);
    }
    state.stepCount = state.commands.filter(({ isStep }) => isStep).length + (state.origin.kind === "image" ? 1 : 0);
  }
  const only = graph.states[0];
  if (graph.states.length === 1 && only) only.label = "";
}

function expandInFrom(
  word: Word,
  stage: StageNode,
  globals: GlobalArgs,
  escape: string,
  { report, linter }: PlanContext,
): Expansion | undefined {
  try {
    const expansion = tryExpand(word.text, word.range, globals.env, { escape }, linter.nearest);
    for (const name of expansion.unmatched) {
      if (globals.declared.has(name)) continue;
      const near = linter.nearest.find(name, () => [...globals.declared, ...globals.env.names()]);
      const place = variableRange(word, name);
      linter.warn(UndefinedArgInFrom, [name, near], place ?? word.range, stage.node.comments, {
        fix: near === undefined || !place ? undefined : { title: `Use ${near}`, edits: [{ range: place, text: near }], safe: false },
        ...(near === undefined ? { hint: `declare it before the first FROM: ARG ${name}` } : {}),
      });
    }
    return expansion;
  } catch (error) {
    if (!(error instanceof InstructionProblem)) throw error;
    report.add(error.problem);
    return undefined;
  }
}

function stagePlatform(stage: StageNode, globals: GlobalArgs, escape: string, context: PlanContext): Platform | undefined {
  if (!stage.platform?.value) return undefined;
  const word = flagWord(stage.platform);
  const expansion = expandInFrom(word, stage, globals, escape, context);
  if (!expansion) return undefined;
  const { text, matched, unmatched } = expansion;
  const { report, linter, options } = context;
  if (matched.size === 1 && unmatched.size === 0 && matched.has("TARGETPLATFORM") && text === globals.env.get("TARGETPLATFORM")) {
    const { range } = stage.platform;
    const blanks = /^[ \t]*/.exec(options.text.slice(range.end))?.[0].length ?? 0;
    const flag = { ...range, end: range.end + blanks, endColumn: range.endColumn + blanks };
    linter.warn(RedundantTargetPlatform, [word.text], word.range, stage.node.comments, {
      fix: { title: "Remove the flag", edits: [{ range: flag, text: "" }], safe: true },
    });
  }
  if (text === "") {
    report.add(errors.emptyPlatform(word.text, word.range));
    return undefined;
  }
  try {
    const platform = parsePlatform(text);
    const name = stage.name ?? "";
    if (matched.size === 0 && unmatched.size === 0 && !name.includes(platform.os) && !name.includes(platform.architecture)) {
      linter.warn(FromPlatformFlagConstDisallowed, [text], word.range, stage.node.comments, {
        hint: "drop it and build with --platform, write --platform=$BUILDPLATFORM, or name the stage after the platform",
      });
    }
    return platform;
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    report.add(errors.invalidPlatform(error.message, error.hint, word.range));
    return undefined;
  }
}

/** Warns where a FROM only works because the command line sets an argument. */
function warnInvalidDefaults(file: StageFile, defaults: GlobalArgs, escape: string, linter: Linter): void {
  for (const stage of file.stages) {
    try {
      const base = tryExpand(stage.base.text, stage.base.range, defaults.env, { escape }, linter.nearest).text;
      if (!tryParseReference(base)) {
        linter.warn(InvalidDefaultArgInFrom, [stage.base.text], stage.base.range, stage.node.comments, {
          hint: "give the ARG before the first FROM a default that is an image",
        });
      }
    } catch (error) {
      // The use of the word reports an expansion that fails.
      if (!(error instanceof InstructionProblem)) throw error;
    }
  }
}
