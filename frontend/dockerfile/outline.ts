import type { SourceRange } from "../../core/diagnostics.js";
import { DiagnosticsError } from "../../core/errors.js";
import type { FrontendOptions, FrontendPorts } from "../frontend.js";
import type { ArgNode, DockerfileAst, Instruction } from "./ast.js";
import { Compilation } from "./compile.js";
import { expandWord, type Variables } from "./values/expand.js";
import { ExpansionError } from "./values/expansion-error.js";
import type { GlobalArgs } from "./passes/global-args.js";
import { checkArgNode } from "./instructions/arg.js";
import { checkInstruction } from "./instructions/table.js";
import type { RunMount } from "./stage/mounts/mount-type.js";
import { parseMount } from "./stage/mounts/parse-mount.js";
import { mountType } from "./stage/mounts/table.js";
import { InstructionProblem } from "./stage/instruction-context.js";
import { byPlace, toDiagnostic } from "./problem.js";
import { Report } from "./errors/report.js";
import type { StageState } from "./stage/stage-state.js";
import { splitStages } from "./passes/stages.js";

/** A stage that can be built. */
export interface Target {
  /** Name in lower case; empty for a stage without a name. */
  readonly name: string;
  /** Description in the comment above its FROM that begins with the name. */
  readonly description: string;
  /** True for the last stage, which is built without `--target`. */
  readonly isDefault: boolean;
  /** Base as written. */
  readonly base: string;
  readonly platform: string;
  readonly range: SourceRange;
}

export interface OutlineArg {
  readonly name: string;
  readonly description: string;
  /** Value from the command line, or the default. */
  readonly value: string;
  readonly range: SourceRange;
}

export interface OutlineMount {
  /** Id of the secret or agent. */
  readonly name: string;
  readonly required: boolean;
  readonly range: SourceRange;
}

/** Inputs of a build of a target. */
export interface Outline {
  readonly name: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

/**
 * Returns the stages of a file, in its order. Resolves nothing. Throws a {@link DiagnosticsError}
 * when the text has errors.
 */
export function listTargets(ast: DockerfileAst, source: { readonly name: string; readonly text: string }): readonly Target[] {
  const report = new Report();
  const { stages, globalArgs } = splitStages(ast, report);
  for (const node of globalArgs) checkArgNode(node, report);
  for (const stage of stages) for (const node of stage.instructions) checkInstruction(node, report);
  const errors = [...ast.problems, ...report.problems].filter((problem) => problem.severity === "error");
  if (errors.length > 0) throw new DiagnosticsError([...errors].sort(byPlace).map((problem) => toDiagnostic(problem, source)));
  return stages.map((stage) => ({
    name: stage.name ?? "",
    description: description(stage.node, stage.name ?? ""),
    isDefault: stage === stages.at(-1),
    base: stage.base.text,
    platform: stage.platform?.value ?? "",
    range: stage.node.range,
  }));
}

/**
 * Returns the arguments, secrets and agents of the target and the stages it needs. Throws a {@link
 * DiagnosticsError} like a build.
 */
export async function outlineDockerfile(ast: DockerfileAst, options: FrontendOptions, ports: FrontendPorts): Promise<Outline> {
  const build = new Compilation({ ast, options, ports, ownRules: false });
  const target = await build.run(false);
  const errors = build.problems("error");
  if (!target || !build.plan || errors.length > 0) throw new DiagnosticsError(errors);
  const outliner = new Outliner({ ast, options, globals: build.plan.globals });
  outliner.visit(target);
  const name = target.node?.name ?? "";
  return {
    name,
    description: target.node ? description(target.node.node, name) : "",
    args: [...outliner.args.values()].sort((a, b) => a.range.start - b.range.start),
    secrets: [...outliner.secrets.values()].sort((a, b) => a.range.start - b.range.start),
    ssh: [...outliner.ssh.values()].sort((a, b) => a.range.start - b.range.start),
  };
}

interface OutlinerParts {
  readonly ast: DockerfileAst;
  readonly options: FrontendOptions;
  readonly globals: GlobalArgs;
}

class Outliner {
  readonly ast: DockerfileAst;
  readonly options: FrontendOptions;
  readonly globals: GlobalArgs;
  readonly args = new Map<string, OutlineArg>();
  readonly secrets = new Map<string, OutlineMount>();
  readonly ssh = new Map<string, OutlineMount>();
  readonly #seen = new Set<StageState>();
  readonly #global = new Map<string, { readonly node: ArgNode; readonly arg: ArgNode["args"][number] }>();

  constructor({ ast, options, globals }: OutlinerParts) {
    this.ast = ast;
    this.options = options;
    this.globals = globals;

    for (const node of ast.instructions) {
      if (node.kind === "from") break;
      if (node.kind === "arg") for (const arg of node.args) this.#global.set(arg.name.text, { node, arg });
    }
  }

  /** Visits the stage, then its base, then the stages that it copies or mounts from. */
  visit(state: StageState): void {
    if (this.#seen.has(state)) return;
    this.#seen.add(state);
    if (state.node && state.origin.kind !== "context") {
      const { base, platform, instructions } = state.node;
      for (const text of [base.text, platform?.value ?? ""]) for (const name of this.#variables(text)) this.#useGlobal(name);
      for (const node of instructions) this.#instruction(node, state);
    }
    if (state.origin.kind === "stage") this.visit(state.origin.stage);
    for (const { sources } of state.commands) for (const source of sources) this.visit(source.state);
  }

  #instruction(node: Instruction, state: StageState): void {
    if (node.kind === "arg") for (const arg of node.args) this.#useArg(node, arg, state);
    if (node.kind !== "run") return;
    for (const flag of node.flags) {
      const mount = flag.name === "mount" ? readMount(flag, state) : undefined;
      const asked = mount && mountType(mount.type).asks?.(mount);
      if (asked) add(asked.kind === "secret" ? this.secrets : this.ssh, { name: asked.name, required: mount.required, range: node.range });
    }
  }

  #useArg(node: ArgNode, arg: ArgNode["args"][number], state: StageState): void {
    const name = arg.name.text;
    const given = Object.hasOwn(this.options.buildArgs, name);
    if (!arg.value && !given && this.globals.env.get(name) !== undefined) return this.#useGlobal(name);
    const value = state.buildArgs.get(name) ?? "";
    if (!this.args.has(name)) this.args.set(name, { name, description: description(node, name), value, range: node.range });
  }

  /**
   * Adds an ARG before the first FROM, with those in its default. Automatic ones are not declared,
   * and not shown.
   */
  #useGlobal(name: string): void {
    const found = this.#global.get(name);
    if (!found || this.args.has(name)) return;
    const value = this.globals.env.get(name) ?? "";
    this.args.set(name, { name, description: description(found.node, name), value, range: found.node.range });
    if (!Object.hasOwn(this.options.buildArgs, name))
      for (const other of this.#variables(found.arg.value?.text ?? "")) this.#useGlobal(other);
  }

  #variables(text: string): Iterable<string> {
    try {
      return expandWord(text, this.globals.env, { escape: this.ast.directives.escape }).matched;
    } catch (error) {
      if (error instanceof ExpansionError) return [];
      throw error;
    }
  }
}

function add(mounts: Map<string, OutlineMount>, mount: OutlineMount): void {
  mounts.set(mount.name, mounts.has(mount.name) && !mount.required ? (mounts.get(mount.name) as OutlineMount) : mount);
}

function readMount(flag: Parameters<typeof parseMount>[0], state: StageState): RunMount | undefined {
  const variables: Variables = state.env;
  try {
    return parseMount(flag, flag.valueRange, (value) => expandWord(value, variables, { escape: "\\" }).text);
  } catch (error) {
    if (error instanceof InstructionProblem || error instanceof ExpansionError) return undefined;
    throw error;
  }
}

/** Returns the text of `# name description` above an instruction. */
function description(node: Instruction, name: string): string {
  if (name === "") return "";
  return node.comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1) ?? "";
}
