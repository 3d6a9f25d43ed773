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

/** What every function of the library takes. */
export type CommonOptions = Pick<BuildOptions, "root" | "signal" | "onEvent">;

export interface BuildResult {
  /**
   * Image id: digest of the config. Undefined when the outputs hold no image (several platforms:
   * the first).
   */
  readonly imageId: Digest;
  /** Manifest or index, when an output made one. */
  readonly descriptor: Descriptor | undefined;
  /** One per output, in order. */
  readonly exports: readonly { readonly type: Output["type"]; readonly metadata: Readonly<Record<string, unknown>> }[];
  readonly warnings: readonly Diagnostic[];
  readonly stats: {
    readonly steps: number;
    readonly executed: number;
    readonly cached: number /** Milliseconds. */;
    readonly duration: number;
  };
  /** The store is over its budget, and nothing was done about it (`collect: false`). */
  readonly collectionDue?: boolean;
}

/** Options that say which Dockerfile is meant, and those of the check itself. */
export interface CheckOptions extends CommonOptions, Pick<BuildOptions, CheckedOption> {
  /** `buildkit`: only the rules that BuildKit has too. Default `all`. */
  readonly rules?: "all" | "buildkit";
  /**
   * Applies what can be applied unseen, and writes the Dockerfile when it is a file. Default false.
   */
  readonly fix?: boolean;
}

export interface CheckResult {
  /** What was checked: with `fix` the text as it is afterwards. */
  readonly source: SourceFile;
  /** In file order. With errors only part of the rules could look. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly LintWarning[];
  /** What `fix` mended; places are those in the text before. */
  readonly fixed: readonly LintWarning[];
}

export interface StoredImage {
  /** Canonical names with tag. */
  readonly names: readonly string[];
  /** Manifest or index digest. */
  readonly digest: Digest;
  /** Config digest (of the platform nearest to the host's). */
  readonly id: Digest;
  /** ISO 8601. */
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
  /** Of these only those for which it is true. */
  readonly only?: (image: StoredImage) => boolean;
}

export interface PrunedImages {
  /** Names that went. */
  readonly untagged: readonly string[];
  /** Indexes, manifests, configs and layers that went. */
  readonly deleted: readonly Digest[];
  /** Bytes. */
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
  /** Docker-shaped description. */
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
  /** Either kind, plain or compressed; answers what was loaded, in order. */
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
  /** Removes images without a name as docker does; never what is cached. */
  pruneImages(options?: PruneImagesOptions): Promise<PrunedImages>;
  /** What the store holds and how much room it takes. */
  du(): Promise<DiskUsageReport>;
  /** Removes cached steps, cache mounts and what nothing needs; images with a name stay. */
  prune(policy?: PrunePolicy): Promise<PruneReport>;
  /**
   * Everything that is wrong with the store, as sentences; reads all of it. What can be mended is.
   */
  verify(): Promise<readonly string[]>;
  close(): void;
}
