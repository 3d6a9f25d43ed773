import type { SourceRange } from "../../../core/diagnostics.js";
import type { Rootfs } from "../../../llb/vertex.js";
import type { Platform } from "../../../oci/platform.js";
import type { History } from "../../../oci/types.js";
import type { HistoryEntry, NamedContext } from "../../frontend.js";
import type { Instruction } from "../ast.js";
import type { BuildScope } from "./build-scope.js";
import { Env, splitAssignment } from "../values/env.js";
import { type StageImage, updated } from "../values/image-config.js";
import type { StageNode } from "../ast.js";

/** An instruction in the place where it runs: bound to the stages that it takes files from. */
export interface StageCommand {
  readonly node: Instruction;
  /** Counted as a step in progress. */
  readonly isStep: boolean;
  readonly sources: readonly StageSource[];
  /** Changes the stage. Throws `InstructionProblem`. */
  lower(build: BuildScope): void;
}

/** A stage that an instruction takes files from, and how the instruction names it. */
export interface StageSource {
  readonly at: SourceName;
  readonly state: StageState;
}

/** Where a stage's root filesystem comes from. */
export type StageOrigin =
  | { readonly kind: "scratch" }
  /** An image; `ref` as the Dockerfile has it, variables expanded. */
  | { readonly kind: "image"; readonly ref: string }
  /** An earlier stage. */
  | { readonly kind: "stage"; readonly stage: StageState }
  /** `--build-context NAME=…` in the stage's place: the stage's own instructions do not run. */
  | { readonly kind: "context"; readonly context: NamedContext };

/** A copy of a config's `Env`, with the first place of each variable: files with thousands of ENVs exist. */
interface OwnEnv {
  readonly list: string[];
  readonly places: Map<string, number>;
}

function ownEnv(env: readonly string[]): OwnEnv {
  const places = new Map<string, number>();
  for (const [at, entry] of env.entries()) {
    const [name] = splitAssignment(entry);
    if (!places.has(name)) places.set(name, at);
  }
  return { list: [...env], places };
}

/**
 * A stage on its way through the build: first a node of the stage graph, then the state that its instructions change one after the other.
 * Images that COPY or a mount names are stages too, without instructions.
 */
export class StageState {
  readonly commands: StageCommand[] = [];
  /** Steps that `[2/4]` counts, and how many have been named. */
  stepCount = 0;
  stepsNamed = 0;
  origin: StageOrigin = { kind: "scratch" };
  /** The name of the `--build-context` that stands for its base, or for all of it. */
  contextName: string | undefined;
  /** Chosen by `FROM --platform`, or found with the base. */
  platform: Platform | undefined;
  resolved = false;
  /** Whether the config that it begins with is that of its base; false when there were errors before or while it was asked for. */
  baseKnown = false;
  initialized = false;

  rootfs: Rootfs;
  image: StageImage = { architecture: "", os: "" };
  /** What RUN sees: ENV and the ARGs declared so far. */
  env = new Env();
  cwd = "/";
  /** ARGs declared so far, each once and where it was declared first, for history. */
  buildArgs: { readonly name: string; readonly value: string | undefined }[] = [];
  baseHistory: readonly History[] = [];
  history: HistoryEntry[] = [];
  triggers: readonly string[] = [];
  /** What tells its steps to ignore the cache. */
  ignoreReason: string | undefined;
  /** A WORKDIR of this Dockerfile was seen. */
  workdirSet = false;
  /** Places of the instructions of which only the last counts. */
  readonly once = new Map<"cmd" | "entrypoint" | "healthcheck", SourceRange>();

  readonly #ownSets = new Set<string>();
  #ownEnv: OwnEnv | undefined;

  constructor(
    /** Undefined for images that are only copied or mounted from. */
    readonly node: StageNode | undefined,
    /** As shown in progress: the name, or `stage-1`; empty when it is the only stage. */
    public label: string,
    readonly range: SourceRange,
  ) {}

  /** Adds members to a set of the config. The set is copied once for each stage: files with hundreds of LABELs exist. */
  addToSet(name: "Labels" | "ExposedPorts" | "Volumes", members: readonly (readonly [string, string | Record<string, never>])[]): void {
    if (members.length === 0) return;
    if (!this.#ownSets.has(name)) {
      this.image = updated(this.image, { [name]: { ...this.image.config?.[name] } });
      this.#ownSets.add(name);
    }
    const set = this.image.config?.[name] as Record<string, unknown>;
    for (const [member, value] of members) set[member] = value;
  }

  /** Sets variables of the config: in their places when they are there, else at the end. The list is copied once for each stage, too. */
  setEnv(pairs: readonly (readonly [name: string, value: string])[]): void {
    const env = this.image.config?.Env;
    const own = this.#ownEnv?.list === env && this.#ownEnv ? this.#ownEnv : ownEnv(env ?? []);
    if (own !== this.#ownEnv) this.image = updated(this.image, { Env: own.list });
    this.#ownEnv = own;
    for (const [name, value] of pairs) {
      const at = own.places.get(name) ?? own.list.length;
      own.places.set(name, at);
      own.list[at] = `${name}=${value}`;
    }
  }

  declare(name: string, value: string | undefined): void {
    const at = this.buildArgs.findIndex((arg) => arg.name === name);
    this.buildArgs.splice(at === -1 ? this.buildArgs.length : at, at === -1 ? 0 : 1, { name, value });
  }

  /** Takes over what a stage on top of another begins with. */
  inherit(base: StageState): void {
    this.rootfs = base.rootfs;
    this.image = base.image;
    this.env = new Env(base.env);
    this.cwd = base.cwd;
    this.platform = base.platform;
    this.buildArgs = [...base.buildArgs];
    this.baseHistory = base.baseHistory;
    this.history = [...base.history];
    this.workdirSet = base.workdirSet;
    this.baseKnown = base.baseKnown;
  }
}

/** What an instruction takes files from, by name. */
export interface SourceName {
  readonly name: string;
  readonly range: SourceRange;
  readonly verb: "copy" | "mount";
}
