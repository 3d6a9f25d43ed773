import type { Diagnostic } from "../core/diagnostics.js";
import type { Digest } from "../core/digest.js";
import type { SourceOp } from "../llb/ops.js";
import type { Edge, Rootfs } from "../llb/vertex.js";
import type { Platform } from "../oci/platform.js";
import type { History, ImageConfig } from "../oci/types.js";

/** A base image in the form that a frontend needs. */
export interface ResolvedImage {
  /** Canonical reference with tag, as shown in progress: `docker.io/library/alpine:3.20`. */
  readonly ref: string;
  /** Operation for the graph, pinned to the digest. */
  readonly op: SourceOp;
  /** Digest of the manifest or index that the reference names. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  /** Platform that was chosen from the image's index, or that its config names. */
  readonly platform: Platform;
}

/** Replacement that `--build-context NAME=…` names. */
export type NamedContext =
  | { readonly kind: "image"; readonly ref: string }
  | { readonly kind: "local"; readonly name: string }
  | { readonly kind: "oci-layout"; readonly ref: string }
  /** Files of a repository or a download, as a part of the graph. */
  | { readonly kind: "files"; readonly root: Rootfs }
  /** Image that another build of the same graph makes. */
  | { readonly kind: "build"; readonly name: string; readonly image: BuiltImage };

/** An image in the graph, before it is built. */
export type BuiltImage = Pick<FrontendResult, "rootfs" | "config" | "baseHistory" | "history" | "platform">;

/**
 * Ports of a frontend to the world, which api/ provides. All methods may be called concurrently.
 * The answer to each question does not change.
 */
export interface FrontendPorts {
  /**
   * Finds an image's digest and config. `ref` is the name in the Dockerfile (`alpine`,
   * `ghcr.io/a/b@sha256:…`). `context` is the name of the context that replaces it, for progress.
   * Throws a TsbuildError that names the reference when there is no such image or none for the
   * platform.
   */
  resolveImage(
    ref: string,
    options: { readonly platform: Platform; readonly layout?: boolean; readonly context?: string },
  ): Promise<ResolvedImage>;
  /** Returns the named context for a stage, image or `--from` name, or undefined. */
  namedContext(name: string, options: { readonly platform: Platform }): Promise<NamedContext | undefined>;
  /**
   * Returns the date of a remote source in seconds: a commit's time, Last-Modified, or the newest
   * member of an archive; undefined when it has none. `root` is a source or an operation on one.
   * Called only when SOURCE_DATE_EPOCH names a source.
   */
  sourceTime?(root: Edge): Promise<number | undefined>;
  /**
   * Returns the patterns of the .dockerignore of a local context (`context` is the main one), in
   * file order; none when there is no such file.
   */
  ignorePatterns(local: string): Promise<readonly string[]>;
  /**
   * Returns the identity of a local context, where the graph is joined with others that have other
   * directories of the same name.
   */
  localIdentity?(local: string): string | undefined;
}

export interface FrontendOptions {
  readonly text: string;
  /** Path as the user named it, for diagnostics. */
  readonly filename: string;
  /** The main context where it is no local directory. An undefined `root` has no files at all. */
  readonly context?: { readonly root: Rootfs };
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Labels from the command line, which win over LABEL. */
  readonly labels: Readonly<Record<string, string>>;
  readonly targetPlatform: Platform;
  /** True when several platforms are built: steps then name theirs. */
  readonly multiPlatform?: boolean;
  /**
   * True when the user chose the platform. Otherwise a stage adopts the platform of a
   * single-platform base.
   */
  readonly platformExplicit: boolean;
  readonly buildPlatform: Platform;
  /** `true`, or the stages (lower case) whose steps do not use the cache. */
  readonly noCache: boolean | readonly string[];
  /**
   * True runs steps with a cache mount without the cache: their mounts begin empty. Default false.
   */
  readonly freshMounts?: boolean;
  /** Network of RUN without a flag, or with `--network=default`: the value of `--network`. */
  readonly network: "default" | "none" | "host";
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly shmSize?: number;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}

/**
 * One line of history. The solver's result fills in `created`. Each `layer` entry stands for one
 * layer, in order.
 */
export interface HistoryEntry extends History {
  readonly layer: boolean;
}

/** A filesystem that an SBOM covers besides the image: the context, or a stage by its name. */
export interface ScanTarget {
  readonly name: string;
  readonly root: Rootfs;
}

export interface FrontendResult {
  readonly rootfs: Rootfs;
  /**
   * The image's config without `rootfs.diff_ids`, `created` and history, which need the result.
   * `architecture`, `os`, `variant` are those of the target stage.
   */
  readonly config: Omit<ImageConfig, "rootfs" | "history" | "created">;
  /** History inherited from the base image; this build's own entries are in `history`. */
  readonly baseHistory: readonly History[];
  readonly history: readonly HistoryEntry[];
  readonly platform: Platform;
  /** Names of the stages, in lower case. */
  readonly stages: readonly string[];
  readonly scanTargets: readonly ScanTarget[];
  readonly warnings: readonly Diagnostic[];
  /** Value of the `SOURCE_DATE_EPOCH` build argument, in seconds. */
  readonly sourceDateEpoch?: number;
}
