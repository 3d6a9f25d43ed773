import type { Readable } from "node:stream";
import type { Diagnostic } from "../../core/diagnostics.js";
import type { EventSink } from "../../core/events.js";
import type { PlannedBakeTarget } from "../options/planned-target.js";

/** Options of `readBake`. Names and meaning are those of `docker buildx bake`. */
export interface BakeOptions {
  /**
   * Paths of bake and Compose files, later ones override earlier ones; `-` is `stdin`. Default:
   * `$BUILDX_BAKE_FILE`, then those that exist of `compose.yaml` and its other names,
   * `docker-bake.json`, `docker-bake.hcl`, `docker-bake.override.json` and
   * `docker-bake.override.hcl`.
   */
  readonly files?: readonly string[];
  readonly stdin?: Readable;
  /**
   * Address of a repository, an archive or a file that has the definition. Then `files` are paths
   * in there, but for those that begin with `cwd://`, and so are relative contexts.
   */
  readonly remote?: string;
  /** Value of `BAKE_CMD_CONTEXT`. Default: `cwd://`, the working directory. */
  readonly commandContext?: string;
  /** Store, signal and events for reading `remote`. */
  readonly root?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventSink;
  /** Directory that paths of files are relative to. Default: the working directory. */
  readonly directory?: string;
  /** Names and patterns of targets and groups. Default: `default`. */
  readonly targets?: readonly string[];
  /** Overrides as `TARGET.KEY=VALUE`, or `TARGET.KEY+=VALUE`. */
  readonly set?: readonly string[];
  /** Values of variables. The values win over the environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Adds an output that pushes, where a target has none that does. */
  readonly push?: boolean;
  /** Adds an output to the image store, where a target has none like it. */
  readonly load?: boolean;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  /** `true`, `false` or attributes such as `mode=max`. */
  readonly provenance?: string;
  readonly sbom?: string;
  /** Method of all targets: `build`, `check`, `outline`, `targets`. */
  readonly call?: string;
  /** Environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A definition that is read, and the targets that are selected. */
export interface BakeFile {
  /** Targets to build, with those that they are built from. Throws UsageError for unknown ones. */
  plan(): BakePlanResult;
  /** Returns the targets and groups of the files, without private ones. */
  list(): readonly { readonly name: string; readonly description?: string; readonly group?: true }[];
  /** Variables by name; a value that is no text as JSON. */
  readonly variables: readonly {
    readonly name: string;
    readonly description?: string;
    readonly type?: string;
    readonly value?: string;
  }[];
  readonly warnings: readonly Diagnostic[];
  /**
   * Files that were read without being typed: by their default names, or because a Compose file
   * names them. Their variables reach the steps.
   */
  readonly foundFiles: readonly string[];
}

export interface BakePlanResult {
  readonly targets: readonly PlannedBakeTarget[];
  /**
   * JSON of groups and targets, byte for byte as buildx prints it, without a newline at the end.
   */
  readonly json: string;
}
