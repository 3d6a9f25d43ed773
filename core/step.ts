/** Place of a step among the steps of its stage. */
export interface StepPlace {
  /** Name of the stage, or `stage-1`; empty when the build has only one. */
  readonly stage: string;
  /** Number of the step in its stage, from 1. */
  readonly position: number;
  /** Number of steps that the stage has. */
  readonly of: number;
  /** Platform of the step, where several are built: `linux/arm64`. */
  readonly platform?: string;
}

/** Surroundings of a command at a place of a stage. */
export interface Surroundings {
  /** Variables as `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** User as in USER. */
  readonly user: string;
}

/** Digest and name by which the maker of a definition knows a vertex. */
export interface WireName {
  readonly digest: string;
  readonly name: string;
}

/** An instruction of a Dockerfile that makes a layer. */
export interface InstructionStep extends StepPlace {
  readonly kind: "instruction";
  /** Keyword and arguments with variables expanded: `RUN make`, `ONBUILD COPY . /src`. */
  readonly text: string;
}

/** The image that a stage begins with, or that files are copied from. */
export interface BaseStep {
  readonly kind: "base";
  readonly ref: string;
  readonly digest?: string;
  /** Undefined for an image that files are copied from. */
  readonly place?: StepPlace;
}

/** A build context. */
export interface ContextStep {
  readonly kind: "context";
  /** Name of a `--build-context`; undefined for the main one. */
  readonly name?: string;
  /** Text for a remote context; undefined for a directory of the caller. */
  readonly load?: string;
}

/** Work that the builder does for itself. */
export interface InternalStep {
  readonly kind: "internal";
  readonly text: string;
  /** Platform, where several are built. */
  readonly platform?: string;
}

/** Work outside the graph: exports, pulls, pushes, and caches that are read or written. */
export interface ExportStep {
  readonly kind: "export";
  readonly text: string;
}

/** A step as people see it. Made once, where the work is planned; {@link stepName} prints it. */
export type StepInfo = InstructionStep | BaseStep | ContextStep | InternalStep | ExportStep;

/** Returns the name of a step as progress, records and messages show it: `[build 2/4] RUN make`. */
export function stepName(step: StepInfo): string {
  switch (step.kind) {
    case "instruction":
      return `${prefix(step)}${step.text}`;
    case "base":
      return `${step.place === undefined ? "" : prefix(step.place)}${baseText(step)}`;
    case "context":
      return step.name === undefined
        ? `[internal] ${step.load ?? "load build context"}`
        : `[context ${step.name}] ${step.load ?? "load from client"}`;
    case "internal":
      return `[${step.platform === undefined ? "" : `${step.platform} `}internal] ${step.text}`;
    case "export":
      return step.text;
  }
}

/** Returns the prefix of a step's name. Pads the positions of a stage to one width. */
function prefix({ platform = "", stage, position, of }: StepPlace): string {
  const number = `${String(position).padStart(String(of).length)}/${of}`;
  return `[${[platform, stage, number].filter((word) => word !== "").join(" ")}] `;
}

/** Returns the place of a step in its stage; undefined for one that has none. */
export function stepPlace(step: StepInfo): StepPlace | undefined {
  if (step.kind === "instruction") return step;
  return step.kind === "base" ? step.place : undefined;
}

/** Returns the name of a step without its place: `RUN make`. */
export function stepText(step: StepInfo): string {
  if (step.kind === "instruction") return step.text;
  return step.kind === "base" ? baseText(step) : stepName(step);
}

function baseText({ ref, digest }: BaseStep): string {
  return `FROM ${ref}${digest === undefined ? "" : `@${digest}`}`;
}
