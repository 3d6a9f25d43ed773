import type { Readable, Writable } from "node:stream";
import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import type { Digest } from "../../core/digest.js";
import type { DiskUsageReport, PrunePolicy, PruneReport } from "./disk-types.js";
import type { PulledImage, PullOptions, PushedImage, TransferOptions } from "./transfer-types.js";
import type { LintWarning } from "../../frontend/dockerfile/check.js";
import type { Descriptor } from "../../oci/types.js";
import type { OptionsOf } from "./option.js";
import type { Output } from "./output-types.js";
import type { BUILD_OPTIONS, CheckedOption } from "./table.js";

export type { ImageForm, Output, PushForm } from "./output-types.js";
export type { SecretSource, SshSource } from "./source-types.js";

export type { TraceRecord as SolverTraceRecord } from "../../solver/engine/trace.js";

export type { LintWarning } from "../../frontend/dockerfile/check.js";
export type { Outline, OutlineArg, OutlineMount, Target } from "../../frontend/dockerfile/outline.js";

export type { Entitlement } from "../../llb/entitlements.js";

export type { CacheFrom, CacheTo, MountSelection } from "../../cache/remote/options.js";

/**
 * What `build` takes. Every option stands in the table `api/options/table.ts`, with its flag and
 * its default.
 */
export type BuildOptions = OptionsOf<typeof BUILD_OPTIONS>;

/** Options of every function of the library. */
export type CommonOptions = Pick<BuildOptions, "root" | "signal" | "onEvent">;

export interface BuildResult {
  /**
   * Image id: digest of the config. Undefined when the outputs hold no image (several platforms:
   * the first).
   */
  readonly imageId: Digest;
  /** Manifest or index, when an output made one. */
  readonly descriptor: Descriptor | undefined;
  /** Results of the outputs, in order. */
  readonly exports: readonly { readonly type: Output["type"]; readonly metadata: Readonly<Record<string, unknown>> }[];
  readonly warnings: readonly Diagnostic[];
  readonly stats: {
    readonly steps: number;
    readonly executed: number;
    readonly cached: number /** Milliseconds. */;
    readonly duration: number;
  };
  /** True when the store is over its budget, and nothing was done about it (`collect: false`). */
  readonly collectionDue?: boolean;
}

/** Options that select the Dockerfile, and those of the check itself. */
export interface CheckOptions extends CommonOptions, Pick<BuildOptions, CheckedOption> {
  /** `buildkit` applies only the rules that BuildKit has too. Default `all`. */
  readonly rules?: "all" | "buildkit";
  /**
   * Applies what can be applied unseen, and writes the Dockerfile when it is a file. Default false.
   */
  readonly fix?: boolean;
}

export interface CheckResult {
  /** Checked text; with `fix` the text after the fixes. */
  readonly source: SourceFile;
  /** Errors in file order. Errors keep some rules from running. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly LintWarning[];
  /** Warnings that `fix` fixed; places are those in the text before. */
  readonly fixed: readonly LintWarning[];
}

export interface StoredImage {
  /** Canonical names with tag. */
  readonly names: readonly string[];
  /** Digest of the manifest or index. */
  readonly digest: Digest;
  /** Digest of the config (of the platform nearest to the host's). */
  readonly id: Digest;
  /** Creation time in ISO 8601. */
  readonly created: string | undefined;
  /** Bytes of its blobs, compressed. */
  readonly size: number;
  readonly platform: string;
  readonly descriptor: Descriptor;
}

export interface PruneImagesOptions {
  /**
   * Those with names as well: no image of the store is in use by anything but its name. Default
   * false.
   */
  readonly all?: boolean;
  /** Filter of the images. */
  readonly only?: (image: StoredImage) => boolean;
}

export interface PrunedImages {
  /** Removed names. */
  readonly untagged: readonly string[];
  /** Removed indexes, manifests, configs and layers. */
  readonly deleted: readonly Digest[];
  /** Bytes that were freed. */
  readonly reclaimed: number;
}

/**
 * The local image store, as `images`, `tag`, `rmi`, `inspect`, `history`, `save`, `load`, `pull`
 * and `push` use it. References are as users write them.
 */
export interface ImageStore extends Disposable {
  list(): readonly StoredImage[];
  /**
   * By name, or by id or digest (or a unique prefix of it). Throws `images/not-found` or
   * `images/ambiguous`.
   */
  get(ref: string): StoredImage;
  tag(ref: string, name: string): void;
  /**
   * Removes names, or an image with all its names when `ref` is an id and `force` is set or it has
   * one name.
   */
  remove(
    ref: string,
    options?: { readonly force?: boolean },
  ): { readonly untagged: readonly string[]; readonly deleted: readonly Digest[] };
  /** Returns a docker-shaped description. */
  inspect(ref: string): Record<string, unknown>;
  history(ref: string): readonly {
    readonly created: string | undefined;
    readonly createdBy: string;
    readonly size: number;
    readonly comment: string;
    readonly id: Digest | undefined;
  }[];
  /**
   * One tarball that is an OCI layout and a docker archive. A repository without a tag stands for
   * all its tags.
   */
  save(refs: readonly string[], dest: string | Writable, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Loads either kind, plain or compressed. Returns the loaded images, in order. */
  load(
    source: string | Readable,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly { readonly names: readonly string[]; readonly id: Digest; readonly digest: Digest }[]>;
  /**
   * Fetches an image from its registry and names it; answers what was pulled, in order. Throws
   * `registry/…`, `image/…`; nothing is named then. Abort `signal` and it rejects with
   * CanceledError.
   */
  pull(ref: string, options?: PullOptions): Promise<readonly PulledImage[]>;
  /**
   * Sends an image to the registry its name says, as it is stored; answers what was pushed, in
   * order.
   */
  push(ref: string, options?: TransferOptions): Promise<readonly PushedImage[]>;
  /** Removes images without a name as docker does; never cached steps. */
  pruneImages(options?: PruneImagesOptions): Promise<PrunedImages>;
  /** Returns the parts of the store with their sizes. */
  du(): Promise<DiskUsageReport>;
  /** Removes cached steps, cache mounts and unneeded parts; images with a name stay. */
  prune(policy?: PrunePolicy): Promise<PruneReport>;
  /**
   * Everything that is wrong with the store, as sentences; reads all of it. What can be mended is.
   */
  verify(): Promise<readonly string[]>;
  close(): void;
}
