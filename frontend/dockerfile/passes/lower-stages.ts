import type { SourceRange } from "../../../core/diagnostics.js";
import type { Instruction } from "../ast.js";
import { splitAssignment } from "../values/env.js";
import * as errors from "../errors/errors.js";
import { updated, withDefaultPath } from "../values/image-config.js";
import { checkInstruction } from "../instructions/table.js";
import { setWorkdir } from "../instructions/workdir.js";
import { InstructionProblem } from "../stage/instruction-context.js";
import type { BuildScope } from "../stage/build-scope.js";
import type { Report } from "../errors/report.js";
import { type StageGraph, triggersOf } from "./stage-graph.js";
import type { StageState } from "../stage/stage-state.js";

/**
 * Adds the ONBUILD triggers of the stages' bases in front of their own instructions. Returns true
 * when a trigger copies or mounts from a stage or image that was not needed before.
 */
export async function addTriggers(states: Iterable<StageState>, graph: StageGraph, scope: BuildScope): Promise<boolean> {
  let added = false;
  for (const state of states) {
    if (state.initialized || !state.node || state.origin.kind === "context") continue;
    state.initialized = true;
    const nodes = state.origin.kind === "stage" ? triggersOf(state.origin.stage) : await parseTriggers(state.triggers, state, scope.report);
    const commands = nodes.flatMap((node) => {
      const instruction = checkInstruction(relocated(node, state.range), scope.report);
      return (instruction && graph.bind(state, instruction, true, scope.report)) ?? [];
    });
    state.commands.unshift(...commands);
    state.stepCount += commands.filter(({ isStep }) => isStep).length;
    added ||= commands.some(({ sources }) => sources.some(({ state: source }) => !source.resolved));
  }
  return added;
}

/** Parses the triggers of an image, which are text. Loads the parser only when there are any. */
async function parseTriggers(triggers: readonly string[], state: StageState, report: Report): Promise<Instruction[]> {
  if (triggers.length === 0) return [];
  const { parseDockerfile } = await import("../syntax/parse.js");
  return triggers.flatMap((text) => {
    const { ast } = parseDockerfile(text, "ONBUILD");
    const problem = ast.problems.find((candidate) => candidate.severity === "error");
    const [node, ...others] = ast.instructions;
    const why = problem?.message ?? (others.length > 0 ? "it is more than one instruction" : undefined);
    if (why === undefined && node && !["from", "onbuild", "maintainer"].includes(node.kind)) return [node];
    report.add(errors.invalidTrigger(text, why ?? "it is no instruction that a trigger may be", state.range));
    return [];
  });
}

/** Moves a trigger to the place of the FROM that brings it, which can be changed in this file. */
function relocated(node: Instruction, range: SourceRange): Instruction {
  return JSON.parse(JSON.stringify(node, (key, value) => (key === "range" || key === "valueRange" ? range : value))) as Instruction;
}

/**
 * Runs a stage's instructions on its base. The stages that it copies and mounts from must be
 * lowered.
 */
export function lowerStage(state: StageState, scope: BuildScope): void {
  if (state.origin.kind === "stage") {
    state.inherit(state.origin.stage);
    state.image = updated(state.image, { OnBuild: undefined });
  }
  if (state.origin.kind === "context" || !state.node) return;
  state.platform ??= scope.targetPlatform;
  state.image = withDefaultPath(state.image);
  // Applied again for a stage on a stage: ENV wins over ARGs of the stage below.
  for (const entry of state.image.config?.Env ?? []) state.env.set(...splitAssignment(entry));
  const { WorkingDir } = state.image.config ?? {};
  if (WorkingDir) setWorkdir(state, WorkingDir);
  for (const command of state.commands) {
    try {
      command.lower(scope);
    } catch (error) {
      if (!(error instanceof InstructionProblem)) throw error;
      scope.report.add(error.problem);
    }
  }
}
