import type { Readable } from "node:stream";
import type { Diagnostic } from "../../core/diagnostics.js";
import type { PlannedBakeTarget } from "../options/planned-target.js";

/** Options of `readCompose`. Names and meaning are those of `docker compose build`. */
export interface ComposeOptions {
  /**
   * Paths of the files, later ones override earlier ones; `-` is `stdin`. Default:
   * `$COMPOSE_FILE`, then `compose.yaml` and the like in the directory or above it, with
   * `compose.override.yaml` beside it.
   */
  readonly files?: readonly string[];
  readonly stdin?: Readable;
  /** Directory that paths of files are relative to. Default: the working directory. */
  readonly directory?: string;
  /** Directory that paths in the files are relative to. Default: that of the first file. */
  readonly projectDirectory?: string;
  /** Name of the project. Default: `$COMPOSE_PROJECT_NAME`, `name:` of the files, the directory. */
  readonly projectName?: string;
  /** Files of variables. Default: `$COMPOSE_ENV_FILES`, then `.env` of the project's directory. */
  readonly envFiles?: readonly string[];
  /** Profiles that are active. Default: `$COMPOSE_PROFILES`. */
  readonly profiles?: readonly string[];
  /** Services to build. Default: all that the profiles have. */
  readonly services?: readonly string[];
  /** Builds what the services need to run as well. */
  readonly withDependencies?: boolean;
  /** Arguments of every build; undefined takes the value of the environment. */
  readonly buildArgs?: Readonly<Record<string, string | undefined>>;
  /** Agents (an empty text) or keys of every build, by id. */
  readonly ssh?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  /** Pushes the images of services that name one. */
  readonly push?: boolean;
  /** Checks the Dockerfiles instead of building them. */
  readonly check?: boolean;
  /** `true`, `false` or attributes such as `mode=max`. */
  readonly provenance?: string;
  readonly sbom?: string;
  /** Names images `project_service`, as the first Compose did. */
  readonly compatibility?: boolean;
  /** Environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the wait for files that are pipes. */
  readonly signal?: AbortSignal;
}

/** A project of Compose files, read. */
export interface ComposeFile {
  readonly name: string;
  /** Absolute path that relative paths of the files start from. */
  readonly directory: string;
  /** Variables of the project: those of the environment, and of `.env` below them. */
  readonly env: Readonly<Record<string, string>>;
  /** Services to build as targets, with those that they are built from. */
  readonly targets: readonly PlannedBakeTarget[];
  /** Directories that builds read besides the project's: contexts, which the files name. */
  readonly contexts: readonly string[];
  /**
   * Files that were read without being typed: by their default names, or because another file
   * names them. Their variables reach the steps.
   */
  readonly foundFiles: readonly string[];
  /** The definition for bake, as `docker compose build --print` shows it. */
  readonly json: string;
  readonly warnings: readonly Diagnostic[];
}
