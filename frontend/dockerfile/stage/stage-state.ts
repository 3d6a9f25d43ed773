import { setMember } from "../../../core/set-member.js";
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

/** An instruction in a stage, bound to the stages that it copies or mounts from. */
export interface StageCommand {
  readonly node: Instruction;
  /** True when progress counts it as a step. */
  readonly isStep: boolean;
  readonly sources: readonly StageSource[];
  /** Changes the stage. Throws `InstructionProblem`. */
  lower(build: BuildScope): void;
}

/** A stage that an instruction copies or mounts from, and its name in the instruction. */
export interface StageSource {
  readonly at: SourceName;
  readonly state: StageState;
}

/** Origin of a stage's root filesystem. */
type StageOrigin =
  | { readonly kind: "scratch" }
  /** An image; `ref` is its name in the Dockerfile, with variables expanded. */
  | { readonly kind: "image"; readonly ref: string }
  /** An earlier stage. */
  | { readonly kind: "stage"; readonly stage: StageState }
  /** `--build-context NAME=…` in place of the stage, whose own instructions do not run. */
  | { readonly kind: "context"; readonly context: NamedContext };

/**
 * A copy of a config's `Env`, with the first index of each variable: files with thousands of ENVs
 * exist.
 */
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

interface StageStateOptions {
  readonly node: StageNode | undefined;
  readonly label: string;
  readonly range: SourceRange;
}

/**
 * A stage in the course of a build: first a node of the stage graph, then the state that its
 * instructions change one after the other. Images that COPY or a mount names are stages too,
 * without instructions.
 */
export class StageState {
  /** Node in the file; undefined for images that are only copied or mounted from. */
  readonly node: StageNode | undefined;
  /** Label in progress: the name, or `stage-1`; empty when it is the only stage. */
  label: string;
  readonly range: SourceRange;
  readonly commands: StageCommand[] = [];
  /** Number of steps, as in `[2/4]`. */
  stepCount = 0;
  stepsNamed = 0;
  origin: StageOrigin = { kind: "scratch" };
  /** Name of the `--build-context` that replaces its base, or the stage. */
  contextName: string | undefined;
  /** Platform that `FROM --platform` chose, or that the base has. */
  platform: Platform | undefined;
  resolved = false;
  /** True when the stage began with its base's config. False when errors prevented that. */
  baseKnown = false;
  initialized = false;

  rootfs: Rootfs;
  image: StageImage = { architecture: "", os: "" };
  /** Variables that RUN sees: ENV and the ARGs declared so far. */
  env = new Env();
  cwd = "/";
  /** ARGs declared so far with their last value, in the order of first declaration, for history. */
  buildArgs = new Map<string, string | undefined>();
  baseHistory: readonly History[] = [];
  history: HistoryEntry[] = [];
  triggers: readonly string[] = [];
  /** Option that makes its steps ignore the cache. */
  ignoreReason: string | undefined;
  /** True once a WORKDIR of this Dockerfile was lowered. */
  workdirSet = false;
  /** Places of instructions whose last one alone counts. */
  readonly once = new Map<"cmd" | "entrypoint" | "healthcheck", SourceRange>();

  readonly #ownSets = new Set<string>();
  #ownEnv: OwnEnv | undefined;

  constructor({ node, label, range }: StageStateOptions) {
    this.node = node;
    this.label = label;
    this.range = range;
  }

  /**
   * Adds members to a set of the config. Copies the set once for each stage: files with hundreds of
   * LABELs exist.
   */
  addToSet(name: "Labels" | "ExposedPorts" | "Volumes", members: readonly (readonly [string, string | Record<string, never>])[]): void {
    if (members.length === 0) return;
    if (!this.#ownSets.has(name)) {
      this.image = updated(this.image, { [name]: { ...this.image.config?.[name] } });
      this.#ownSets.add(name);
    }
    const set = this.image.config?.[name] as Record<string, unknown>;
    for (const [member, value] of members) setMember(set, member, value);
  }

  /**
   * Sets variables of the config: existing ones in their places, new ones at the end. Copies the
   * list once for each stage.
   */
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

  /** Takes over the state of a base stage. */
  inherit(base: StageState): void {
    this.rootfs = base.rootfs;
    this.image = base.image;
    this.env = new Env(base.env);
    this.cwd = base.cwd;
    this.platform = base.platform;
    this.buildArgs = new Map(base.buildArgs);
    this.baseHistory = base.baseHistory;
    this.history = [...base.history];
    this.workdirSet = base.workdirSet;
    this.baseKnown = base.baseKnown;
  }
}

/** A source of an instruction's files, by name. */
export interface SourceName {
  readonly name: string;
  readonly range: SourceRange;
  readonly verb: "copy" | "mount";
}
