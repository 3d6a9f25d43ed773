import type { Diagnostic } from "../core/diagnostics.js";
import type { Digest } from "../core/digest.js";
import type { Edge, Rootfs } from "../llb/vertex.js";
import type { Platform } from "../oci/platform.js";
import type { History, ImageConfig } from "../oci/types.js";

/** What a base image is, as far as a frontend needs to know it. */
export interface ResolvedImage {
  /** Canonical reference with tag, as shown in progress: `docker.io/library/alpine:3.20`. */
  readonly ref: string;
  /** Source identifier to put in the graph, digest pinned: `docker-image://docker.io/library/alpine:3.20@sha256:…` or `oci-layout://…`. */
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** Digest of the manifest or index the reference names. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  /** The platform that was chosen from the image's index, or that its config names. */
  readonly platform: Platform;
}

/** What `--build-context NAME=…` stands for. */
export type NamedContext =
  | { readonly kind: "image"; readonly ref: string }
  | { readonly kind: "local"; readonly name: string }
  | { readonly kind: "oci-layout"; readonly ref: string }
  /** Files from elsewhere (a repository, a download) as a part of the graph. */
  | { readonly kind: "files"; readonly root: Rootfs };

/** What a frontend asks of the world; given by api/. All questions may be asked concurrently and are answered once each. */
export interface FrontendPorts {
  /**
   * Finds an image's digest and config. `ref` is as the Dockerfile has it (`alpine`, `ghcr.io/a/b@sha256:…`).
   * Throws a TsbuildError that names the reference when there is no such image or none for the platform. `context` is the name of the
   * context that stands for it, for progress.
   */
  resolveImage(
    ref: string,
    options: { readonly platform: Platform; readonly layout?: boolean; readonly context?: string },
  ): Promise<ResolvedImage>;
  /** The named context for a stage, image or `--from` name, or undefined. */
  namedContext(name: string, options: { readonly platform: Platform }): Promise<NamedContext | undefined>;
  /**
   * Seconds that date a remote source: a commit's time, Last-Modified, or the newest member of an archive; undefined when it has no date. `root` is a
   * source or an operation on one. Only asked when SOURCE_DATE_EPOCH names a source.
   */
  sourceTime?(root: Edge): Promise<number | undefined>;
  /** Patterns of the .dockerignore that belongs to a local context (`context` is the main one), in file order; empty when there is none. */
  ignorePatterns(local: string): Promise<readonly string[]>;
}

export interface FrontendOptions {
  readonly text: string;
  /** For diagnostics: the path as the user named it. */
  readonly filename: string;
  /** The main context where it is no local directory; `root` undefined: no files at all. */
  readonly context?: { readonly root: Rootfs };
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Labels from the command line; they win over LABEL. */
  readonly labels: Readonly<Record<string, string>>;
  readonly targetPlatform: Platform;
  /** Whether several platforms are built: steps then say which one they are for. */
  readonly multiPlatform?: boolean;
  /** Whether the user chose the platform: otherwise a stage adopts the platform of a single-platform base. */
  readonly platformExplicit: boolean;
  readonly buildPlatform: Platform;
  /** `true`, or the stages (lower case) whose steps do not use the cache. */
  readonly noCache: boolean | readonly string[];
  /** Steps that use a cache mount do not use the cache: their mounts begin empty. Default false. */
  readonly freshMounts?: boolean;
  /** `--network`: what RUN without a flag, and with `--network=default`, gets. */
  readonly network: "default" | "none" | "host";
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly shmSize?: number;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}

/** One line of history; the solver's result fills in `created`. `layer` entries stand for one layer each, in order. */
export interface HistoryEntry extends History {
  readonly layer: boolean;
}

export interface FrontendResult {
  readonly rootfs: Rootfs;
  /**
   * The image's config without `rootfs.diff_ids`, `created` and without history: those need the result.
   * `architecture`, `os`, `variant` are those of the target stage.
   */
  readonly config: Omit<ImageConfig, "rootfs" | "history" | "created">;
  /** History inherited from the base image, then this build's own entries. */
  readonly baseHistory: readonly History[];
  readonly history: readonly HistoryEntry[];
  readonly platform: Platform;
  /** Names of the stages, in lower case. */
  readonly stages: readonly string[];
  readonly warnings: readonly Diagnostic[];
  /** `SOURCE_DATE_EPOCH` build argument, in seconds. */
  readonly sourceDateEpoch?: number;
}
