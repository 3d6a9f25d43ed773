import type { Readable, Writable } from "node:stream";
import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import type { Digest } from "../../core/digest.js";
import type { EventSink } from "../../core/events.js";
import type { DiskUsageReport, PrunePolicy, PruneReport } from "./disk-types.js";
import type { PulledImage, PullOptions, PushedImage, PushOptions } from "./transfer-types.js";
import type { LintWarning } from "../../frontend/dockerfile/check.js";
import type { Descriptor } from "../../oci/types.js";
import type { OptionsOf } from "./option.js";
import type { Output } from "./output-types.js";
import type { BUILD_OPTIONS, CheckedOption } from "./table.js";

export type { ImageForm, Output, ProvenanceOptions, PushForm, SbomOptions } from "./output-types.js";
export type { SecretSource, SshSource } from "./source-types.js";

export type { TraceRecord as SolverTraceRecord } from "../../solver/engine/trace.js";

export type { LintWarning } from "../../frontend/dockerfile/check.js";
export type { Outline, OutlineArg, OutlineMount, Target } from "../../frontend/dockerfile/outline.js";

export type { Entitlement, Right } from "../../llb/entitlements.js";

export type { CacheFrom, CacheTo, MountSelection } from "../../cache/remote/options.js";

/**
 * Options of `build`. The table `api/options/table.ts` has every option with its flag and its
 * default.
 */
export type BuildOptions = OptionsOf<typeof BUILD_OPTIONS>;

/** Options of every function of the library. */
export type CommonOptions = Pick<BuildOptions, "root" | "signal" | "onEvent">;

export interface BuildResult {
  /**
   * Image id: digest of the config, with several platforms the first one's. Undefined when the
   * outputs hold no image.
   */
  readonly imageId: Digest;
  /** Manifest or index, when an output made one. */
  readonly descriptor: Descriptor | undefined;
  /** Results of the outputs, in order. */
  readonly exports: readonly { readonly type: Output["type"]; readonly metadata: Readonly<Record<string, unknown>> }[];
  readonly warnings: readonly Diagnostic[];
  /** Provenance by platform, when it was asked for: the predicates of SLSA. */
  readonly provenance?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly stats: {
    readonly steps: number;
    readonly executed: number;
    readonly cached: number;
    /** Milliseconds. */
    readonly duration: number;
  };
  /** True when the store exceeds its budget and `collect: false` forbade a collection. */
  readonly collectionDue?: boolean;
}

/** Options that select the Dockerfile, and those of the check itself. */
export interface CheckOptions extends CommonOptions, Pick<BuildOptions, CheckedOption> {
  /** `buildkit` applies only the rules that BuildKit has too. Default `all`. */
  readonly rules?: "all" | "buildkit";
  /** True applies every safe fix, and writes the Dockerfile when it is a file. Default false. */
  readonly fix?: boolean;
}

export interface CheckResult {
  /** Checked text; with `fix` the text after the fixes. */
  readonly source: SourceFile;
  /** Errors in file order. Errors keep some rules from running. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly LintWarning[];
  /** Warnings that `fix` fixed. Their places are those in the text before the fixes. */
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
  /**
   * Images of an index that are present, each for one platform; the image itself when it has no
   * index.
   */
  readonly platforms: readonly {
    readonly platform: string;
    readonly digest: Digest;
    readonly id: Digest;
    /** Bytes of its blobs, compressed. */
    readonly size: number;
  }[];
  readonly descriptor: Descriptor;
}

/** Choice of one image of an index. */
export interface PlatformChoice {
  /**
   * Platform as `os/arch[/variant]`. Default: the one nearest to this machine's, or all where all
   * are used.
   */
  readonly platform?: string;
}

export interface PruneImagesOptions {
  /**
   * True removes images with names too. Only the name keeps an image of the store, because no
   * container uses it. Default false.
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
   * Finds an image by name, id or digest, or by a unique prefix of an id or digest. Throws
   * `images/not-found` or `images/ambiguous`.
   */
  get(ref: string): StoredImage;
  tag(ref: string, name: string): void;
  /**
   * Removes a name. When `ref` is an id, removes the image with all its names: several names need
   * `force`. With `platforms` removes these images of an index, which is another index then.
   */
  remove(
    ref: string,
    options?: { readonly force?: boolean; readonly platforms?: readonly string[] },
  ): { readonly untagged: readonly string[]; readonly deleted: readonly Digest[] };
  /** Returns the description that `docker image inspect` prints, as JSON values. */
  inspect(ref: string, options?: PlatformChoice): Record<string, unknown>;
  history(
    ref: string,
    options?: PlatformChoice,
  ): readonly {
    readonly created: string | undefined;
    readonly createdBy: string;
    readonly size: number;
    readonly comment: string;
    readonly id: Digest | undefined;
  }[];
  /**
   * Writes images to one tarball, which is both an OCI layout and a docker archive. A repository
   * without a tag selects all its tags. With a platform each image is written as that platform's
   * alone. `onEvent` gets a wait for the reader of a pipe.
   */
  save(
    refs: readonly string[],
    dest: string | Writable,
    options?: PlatformChoice & { readonly signal?: AbortSignal; readonly onEvent?: EventSink },
  ): Promise<void>;
  /**
   * Loads images from an OCI layout or a docker archive, which may be compressed. Returns them in
   * order. With a platform keeps that platform's image of each alone.
   */
  load(
    source: string | Readable,
    options?: PlatformChoice & { readonly signal?: AbortSignal },
  ): Promise<readonly { readonly names: readonly string[]; readonly id: Digest; readonly digest: Digest }[]>;
  /**
   * Fetches an image from its registry and names it. Returns the pulled images in order. A failed
   * pull names nothing. Throws `registry/…` and `image/…`, and CanceledError when `signal` aborts.
   */
  pull(ref: string, options?: PullOptions): Promise<readonly PulledImage[]>;
  /**
   * Sends an image, as it is stored, to the registry of its name. Returns the pushed images in
   * order.
   */
  push(ref: string, options?: PushOptions): Promise<readonly PushedImage[]>;
  /** Removes images without a name, as docker does. Never removes cached steps. */
  pruneImages(options?: PruneImagesOptions): Promise<PrunedImages>;
  /** Returns the parts of the store with their sizes. */
  du(): Promise<DiskUsageReport>;
  /** Removes cached steps, cache mounts and unneeded parts. Keeps images with a name. */
  prune(policy?: PrunePolicy): Promise<PruneReport>;
  /**
   * Reads the whole store, and repairs what can be repaired. Returns a sentence for each fault.
   */
  verify(): Promise<readonly string[]>;
  close(): void;
}
