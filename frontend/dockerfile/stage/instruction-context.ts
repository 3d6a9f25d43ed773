import { looksSecret } from "../../../core/text/secret-names.js";
import type { SourceRange } from "../../../core/diagnostics.js";
import type { InstructionStep, StepInfo, StepPlace } from "../../../core/step.js";
import type { VertexMetadata } from "../../../llb/vertex.js";
import { formatPlatform, type Platform } from "../../../oci/platform.js";
import { platformPrefix } from "../values/platform-prefix.js";
import type { Instruction, Word } from "../ast.js";
import { variableRange } from "../errors/edits.js";
import * as errors from "../errors/errors.js";
import { type Expansion, type ExpandOptions, expandWord, type Variables } from "../values/expand.js";
import { ExpansionError } from "../values/expansion-error.js";
import type { NearestVariables } from "../lint/nearest-variable.js";
import { UndefinedVar } from "../lint/rules/undefined-var.js";
import type { Problem } from "../problem.js";
import type { StageState } from "./stage-state.js";
import { cacheMetadata, readStepComments } from "../syntax/step-comments.js";
import type { BuildScope } from "./build-scope.js";
import { NON_ENVIRONMENT_ARGS } from "./scan-args.js";
import type { SourceName } from "./stage-state.js";

/** A checked instruction. Its own faults have been reported, and it can lower itself. */
export interface BoundInstruction {
  readonly node: Instruction;
  /**
   * Sources in the order of {@link InstructionContext.sources}; undefined for one that needs none.
   */
  readonly sources: readonly (SourceName | undefined)[];
  /** True when progress counts it as a step. */
  readonly isStep: boolean;
  /** Changes the stage. Throws {@link InstructionProblem}. */
  lower(at: InstructionContext): void;
}

/** Ends the lowering of one instruction. The others go on, so that all problems are reported. */
export class InstructionProblem extends Error {
  readonly problem: Problem;
  override readonly name = "InstructionProblem";
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

interface InstructionContextOptions {
  readonly build: BuildScope;
  readonly stage: StageState;
  readonly node: Instruction;
  readonly sources: readonly (StageState | undefined)[];
  readonly isTrigger: boolean;
}

/** One instruction that is being lowered on its stage. */
export class InstructionContext {
  readonly build: BuildScope;
  readonly stage: StageState;
  readonly node: Instruction;
  readonly sources: readonly (StageState | undefined)[];
  readonly isTrigger: boolean;

  constructor({ build, stage, node, sources, isTrigger }: InstructionContextOptions) {
    this.build = build;
    this.stage = stage;
    this.node = node;
    this.sources = sources;
    this.isTrigger = isTrigger;
  }

  get platform(): Platform {
    return this.stage.platform ?? this.build.targetPlatform;
  }

  fail(problem: Problem): never {
    throw new InstructionProblem(problem);
  }

  /** Expands the variables of a word and removes its quotes. */
  expand(word: Word, options: Partial<ExpandOptions> = {}): string {
    return this.expandFull(word, options).text;
  }

  /** Expands a word and splits it at blanks. */
  expandWords(word: Word): readonly string[] {
    return this.expandFull(word).words;
  }

  expandFull(word: Word, options: Partial<ExpandOptions> = {}): Expansion {
    const expansion = tryExpand(
      word.text,
      word.range,
      this.stage.env,
      { escape: this.build.escape, ...options },
      this.build.linter.nearest,
    );
    this.#reportUndefined(expansion.unmatched, word);
    return expansion;
  }

  #reportUndefined(names: ReadonlySet<string>, word: Word): void {
    // The base image may define it.
    if (!this.stage.baseKnown) return;
    for (const name of names) {
      if (NON_ENVIRONMENT_ARGS.has(name) || this.stage.buildArgs.has(name)) continue;
      const near = this.build.linter.nearest.find(name, () => this.stage.env.names());
      const place = this.isTrigger ? undefined : variableRange(word, name);
      this.build.linter.warn(UndefinedVar, [name, near], place ?? word.range, this.node.comments, {
        fix: near === undefined || !place ? undefined : { title: `Use ${near}`, edits: [{ range: place, text: near }], safe: false },
        hint: near === undefined ? this.#howToDefine(name) : undefined,
      });
    }
  }

  #howToDefine(name: string): string {
    if (this.node.kind === "env" && this.node.pairs.some((pair) => pair.name.text === name))
      return "values see what is set before their ENV, not what is set in it: write two";
    const global = this.build.globalArgs.get(name) !== undefined;
    return global
      ? `ARG before the first FROM does not reach into stages: repeat "ARG ${name}" in this one`
      : `declare it before: ARG ${name}`;
  }

  /**
   * Returns the next step of the stage, with the variables of its text expanded. Values of secrets
   * are hidden, because steps are recorded and exported with caches.
   */
  step(text: string, variables: Variables = this.stage.env, options: Partial<ExpandOptions> = {}): InstructionStep {
    let shown = text;
    try {
      shown = expandWord(text, withoutSecrets(variables), { escape: this.build.escape, ...options }).text;
    } catch (error) {
      if (!(error instanceof ExpansionError)) throw error;
    }
    const platform = this.build.options.multiPlatform ? platformPrefix(this.platform, this.stage.env) : undefined;
    return {
      kind: "instruction",
      ...nextPlace(this.stage, platform),
      text: `${this.isTrigger ? "ONBUILD " : ""}${upperFirstWord(shown)}`,
    };
  }

  /** Returns the metadata of a vertex that this instruction makes. */
  metadata(step: StepInfo): VertexMetadata {
    return {
      step,
      source: this.build.source,
      range: this.node.range,
      ...cacheMetadata(readStepComments(this.node.comments).rule),
      ...(this.stage.ignoreReason === undefined ? {} : { ignoreCache: true, ignoreReason: this.stage.ignoreReason }),
    };
  }

  /** Returns the metadata of a vertex that changes files of the stage without a command. */
  fileMetadata(step: StepInfo): VertexMetadata {
    const { env, cwd, image } = this.stage;
    return { ...this.metadata(step), surroundings: { env: env.list(), cwd, user: image.config?.User ?? "" } };
  }

  /** Adds a line to the image's history. `# buildkit` marks a RUN, COPY or ADD. */
  commit(text: string, options: { readonly layer?: boolean; readonly mark?: boolean } = {}): void {
    const layer = options.layer ?? false;
    this.stage.history.push({
      created_by: options.mark ? `${text} # buildkit` : text,
      comment: "buildkit.dockerfile.v0",
      ...(layer ? {} : { empty_layer: true }),
      layer,
    });
  }

  get platformText(): string {
    return formatPlatform(this.platform);
  }
}

/** Expands a word. Throws a problem at its place when that fails. */
export function tryExpand(
  text: string,
  range: SourceRange,
  variables: Variables,
  options: ExpandOptions,
  nearest: NearestVariables,
): Expansion {
  try {
    return expandWord(text, variables, options);
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    const meant = error.unset === undefined ? undefined : nearest.find(error.unset, () => variables.names());
    throw new InstructionProblem(errors.expansion(text, error.message, range, meant));
  }
}

/**
 * Returns the place of the next step of a stage, and counts the step. `platform` is given where
 * several are built.
 */
export function nextPlace(stage: StageState, platform: string | undefined): StepPlace {
  stage.stepsNamed++;
  const place = { stage: stage.label, position: stage.stepsNamed, of: stage.stepCount };
  return platform === undefined ? place : { ...place, platform };
}

function upperFirstWord(text: string): string {
  const blank = text.indexOf(" ");
  return blank === -1 ? text.toUpperCase() : text.slice(0, blank).toUpperCase() + text.slice(blank);
}

function withoutSecrets(variables: Variables): Variables {
  return {
    get: (name) => {
      const value = variables.get(name);
      return value && looksSecret(name) ? "****" : value;
    },
    names: () => variables.names(),
  };
}
