import type { Instruction, InstructionKind, NodeOf } from "../ast.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { checkStepComments } from "../syntax/step-comments.js";
import { checkAdd } from "./add.js";
import { checkArg } from "./arg.js";
import { checkCmd } from "./cmd.js";
import { checkCopy } from "./copy.js";
import { checkEntrypoint } from "./entrypoint.js";
import { checkEnv } from "./env.js";
import { checkExpose } from "./expose.js";
import { checkHealthcheck } from "./healthcheck.js";
import { checkLabel } from "./label.js";
import { checkMaintainer } from "./maintainer.js";
import { checkOnbuild } from "./onbuild.js";
import { checkRun } from "./run.js";
import { checkShell } from "./shell.js";
import { checkStopsignal } from "./stopsignal.js";
import { checkUser } from "./user.js";
import { checkVolume } from "./volume.js";
import { checkWorkdir } from "./workdir.js";

/** Every instruction inside a stage. FROM begins one, see {@link ../passes/stages.ts}. */
const CHECKS: { readonly [K in Exclude<InstructionKind, "from">]: (node: NodeOf<K>, report: Report) => BoundInstruction | undefined } = {
  add: checkAdd,
  arg: checkArg,
  cmd: checkCmd,
  copy: checkCopy,
  entrypoint: checkEntrypoint,
  env: checkEnv,
  expose: checkExpose,
  healthcheck: checkHealthcheck,
  label: checkLabel,
  maintainer: checkMaintainer,
  onbuild: checkOnbuild,
  run: checkRun,
  shell: checkShell,
  stopsignal: checkStopsignal,
  user: checkUser,
  volume: checkVolume,
  workdir: checkWorkdir,
};

/**
 * Checks one instruction on its own. Returns undefined, with its problems reported, when it cannot
 * be lowered.
 */
export function checkInstruction(node: Instruction, report: Report): BoundInstruction | undefined {
  if (node.kind === "from") throw new Error("internal: FROM is not an instruction of a stage");
  const bound = (CHECKS[node.kind] as (node: Instruction, report: Report) => BoundInstruction | undefined)(node, report);
  if (bound) checkStepComments(node, bound.isStep, report);
  return bound;
}
