import type { Readable, Writable } from "node:stream";
import type { HistoryLimits } from "../../cache/contract/builds.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import type { Digest } from "../../core/digest.js";
import type { EventSink } from "../../core/events.js";
import type { DiskUsageReport, PrunePolicy, PruneReport } from "./disk-types.js";
import type { PulledImage, PullOptions, PushedImage, TransferOptions } from "./transfer-types.js";
import type { LintWarning } from "../../frontend/dockerfile/check.js";
import type { Entitlement } from "../../llb/entitlements.js";
import type { Compression } from "../../oci/media-types.js";
import type { Descriptor } from "../../oci/types.js";
import type { TraceRecord as SolverTraceRecord } from "../../solver/engine/trace.js";

export type { TraceRecord as SolverTraceRecord } from "../../solver/engine/trace.js";

export type { LintWarning } from "../../frontend/dockerfile/check.js";
export type { Outline, OutlineArg, OutlineMount, Target } from "../../frontend/dockerfile/outline.js";

export type { Entitlement } from "../../llb/entitlements.js";

export type { CacheFrom, CacheTo, MountSelection } from "../../cache/remote/options.js";

/** How an image is written, whatever it is written to. */
export interface ImageForm {
  /** Default: the build's `tags`. */
  readonly names?: readonly string[];
  /** Of layers that are not compressed yet; with `forceCompression` of all, the base's too. Default `gzip`. */
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  readonly forceCompression?: boolean;
  /** False: Docker's media types in place of OCI's. Default true, but for `docker`. zstd and annotations of indexes and descriptors need OCI's. */
  readonly ociMediaTypes?: boolean;
  /** Beside the build's, spelled alike. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether SOURCE_DATE_EPOCH is also the latest time of files in layers that this build makes. Default true; the outputs of one build must agree. */
  readonly rewriteTimestamp?: boolean;
}

/** How an image gets to its registry. */
export interface PushForm {
  /** Without a tag: only its digest leads to it, so its names must have none. */
  readonly pushByDigest?: boolean;
  /** The registries may speak plain HTTP, or show any certificate. */
  readonly insecure?: boolean;
  /** What an image that has no name is called with its digest: `PREFIX@sha256:…`. */
  readonly danglingNamePrefix?: string;
  /** Keep it in the local image store. Default true for `image`, false for `registry`. */
  readonly store?: boolean;
  /** Also unpack its layers in the store, so that the first step that runs on it does not wait for that. */
  readonly unpack?: boolean;
}

/** Where a result goes. A `dest` of type Writable gets the bytes; it is ended, not destroyed. The directory of a file must be there. */
export type Output =
  | (ImageForm & {
      readonly type: "oci" | "docker";
      readonly dest: string | Writable;
      /** False: a directory instead of a tar file. Default true. */
      readonly tar?: boolean;
    })
  | {
      readonly type: "local";
      readonly dest: string;
      /** A folder for each platform. Default: when there are several. Without, a file that two platforms have is an error. */
      readonly platformSplit?: boolean;
    }
  | { readonly type: "tar"; readonly dest: string | Writable; readonly platformSplit?: boolean }
  /** The local image store, under `names` and the build's tags; `push`: the registries that the names say, too. */
  | (ImageForm & PushForm & { readonly type: "image"; readonly push?: boolean })
  | (ImageForm & PushForm & { readonly type: "registry" })
  | { readonly type: "cacheonly" };

/** Where a secret's value comes from: a file, a variable of the environment, or the value itself. At most 500 KiB. */
export type SecretSource = { readonly src: string } | { readonly env: string } | { readonly value: string | Uint8Array };

/** An agent that runs already, or private keys (files without a passphrase) that the build starts one for. */
export type SshSource = { readonly socket: string } | { readonly keys: readonly string[] };

export interface CommonOptions {
  /** The store. Default `$TSBUILD_ROOT`, then `$XDG_DATA_HOME/tsbuild`, then `~/.local/share/tsbuild`. */
  readonly root?: string;
  readonly signal?: AbortSignal;
  /** Gets every event, in order, synchronously; what it throws fails the build. */
  readonly onEvent?: EventSink;
}

export interface BuildOptions extends CommonOptions {
  /** Gets a record of each decision of the solver, synchronously. Nothing is recorded without it. */
  readonly onTrace?: (record: SolverTraceRecord) => void;
  /**
   * A directory (default `.`), a Git repository (`https://host/path.git#ref:directory`), the URL of a tar archive or Dockerfile, or one of these two as bytes.
   * A Dockerfile is built without any files.
   */
  readonly context?: string | Readable | Uint8Array;
  /**
   * Path of the Dockerfile, its URL, or its text. Default `Dockerfile` in the context. A path is relative to the working directory; for a context that is no
   * directory of this machine, to the context.
   */
  readonly dockerfile?: string | { readonly text: string; readonly name?: string };
  readonly target?: string;
  /**
   * Values for ARG; undefined takes the variable from the environment, as `--build-arg NAME` does. The proxies of docker's configuration are added to them; an
   * argument of that name wins, an empty one too.
   */
  readonly buildArgs?: Readonly<Record<string, string | undefined>>;
  /** name → `DIR`, `docker-image://REF`, `oci-layout://DIR[:TAG|@DIGEST]`, a Git repository, or a URL (a file named `context`). */
  readonly buildContexts?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** By key, as `--annotation` spells it: `KEY`, or `LEVEL:KEY` with `manifest`, `index`, `manifest-descriptor`, `index-descriptor`, or `manifest[os/arch]`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** `os/arch[/variant]`; default: the host's. */
  readonly platforms?: readonly string[];
  /** Default: the local image store. */
  readonly outputs?: readonly Output[];
  /**
   * Run every step (true, `layers`); begin with empty cache mounts, and run the steps that use one (`mounts`); both (`all`).
   */
  readonly noCache?: boolean | "layers" | "mounts" | "all";
  /** Stages that do not use the cache. */
  readonly noCacheFilter?: readonly string[];
  /** Caches of other machines to take results from, the first that has one. One that cannot be read is a warning. */
  readonly cacheFrom?: readonly CacheFrom[];
  /** Caches to write the results to, beside the outputs. */
  readonly cacheTo?: readonly CacheTo[];
  /** Ask the registry for base images even when the local store has the name (true), when it has not (default), or take only what has a name there. */
  readonly pull?: boolean | "never";
  /** Network of RUN steps, and the most they can ask for. Default: `default`. */
  readonly network?: "default" | "none" | "host";
  /**
   * Rights that the Dockerfile and its base images may ask for: `network.host` (RUN --network=host
   * although `network` gives less), `security.insecure` (RUN --security=insecure). Default: none; a
   * step that asks for more fails the build before anything runs.
   */
  readonly allow?: readonly Entitlement[];
  /** `host:ip`, `host:host-gateway` for this machine; several addresses behind commas. */
  readonly addHosts?: readonly string[];
  /** Bytes. */
  readonly shmSize?: number;
  /**
   * Bytes that one layer of a base image, or one archive that ADD unpacks, may unpack to. More fails with `layer/too-large`. Default: 64 GiB.
   */
  readonly maxUnpackedSize?: number;
  /** `name=soft[:hard]`. */
  readonly ulimits?: readonly string[];
  /** By id: for `RUN --mount=type=secret`, and for sources (`GIT_AUTH_TOKEN`, `HTTP_AUTH_TOKEN_<host>`). */
  readonly secrets?: Readonly<Record<string, SecretSource>>;
  /**
   * Also look up, and tell with `explained` events, where the results of steps come from that need not be looked at, because what stands on them
   * was found. Default: false; every other step is explained anyway.
   */
  readonly explain?: boolean;
  /**
   * SSH agents by id (`default`): for `RUN --mount=type=ssh`. Repositories over SSH that the Dockerfile
   * or another repository names are read with the keys of `default`, and without it with none; a
   * context is read with whatever ssh finds.
   */
  readonly ssh?: Readonly<Record<string, SshSource>>;
  /** How much of the history of builds is kept, in builds, milliseconds and bytes of logs; false: this build is not recorded. */
  readonly history?: false | Partial<HistoryLimits>;
  /**
   * What the store may take: bytes, a size (`20g`), a share of its file system (`20%`), or `off`. Default `$TSBUILD_CACHE_BUDGET`, then the smaller of
   * 20 % of the file system and 50 GB.
   */
  readonly cacheBudget?: number | string;
  /** Collect when the store is over its budget, once the result is complete (default); otherwise the result only says so. */
  readonly collect?: boolean;
  /** RUN steps that run at once. Default: 64. */
  readonly jobs?: number;
}

export interface BuildResult {
  /** Image id: digest of the config. Undefined when the outputs hold no image (several platforms: the first). */
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

/** Of {@link BuildOptions} what says which Dockerfile is meant, and what it is checked for. */
export interface CheckOptions
  extends CommonOptions,
    Pick<BuildOptions, "context" | "dockerfile" | "target" | "buildArgs" | "buildContexts" | "platforms" | "pull" | "secrets"> {
  /** `buildkit`: only the rules that BuildKit has too. Default `all`. */
  readonly rules?: "all" | "buildkit";
  /** Applies what can be applied unseen, and writes the Dockerfile when it is a file. Default false. */
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
  /** Those with names as well: no image of the store is in use by anything but its name. Default false. */
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

/** The local image store, as `images`, `tag`, `rmi`, `inspect`, `history`, `save`, `load`, `pull` and `push` use it. References are as users write them. */
export interface ImageStore extends Disposable {
  list(): readonly StoredImage[];
  /** By name, or by id or digest (or a unique prefix of it). Throws `images/not-found` or `images/ambiguous`. */
  get(ref: string): StoredImage;
  tag(ref: string, name: string): void;
  /** Removes names, or an image with all its names when `ref` is an id and `force` is set or it has one name. */
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
  /** One tarball that is an OCI layout and a docker archive. A repository without a tag stands for all its tags. */
  save(refs: readonly string[], dest: string | Writable, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Either kind, plain or compressed; answers what was loaded, in order. */
  load(
    source: string | Readable,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly { readonly names: readonly string[]; readonly id: Digest; readonly digest: Digest }[]>;
  /**
   * Fetches an image from its registry and names it; answers what was pulled, in order. Throws `registry/…`, `image/…`; nothing is named then. Abort `signal`
   * and it rejects with CanceledError.
   */
  pull(ref: string, options?: PullOptions): Promise<readonly PulledImage[]>;
  /** Sends an image to the registry its name says, as it is stored; answers what was pushed, in order. */
  push(ref: string, options?: TransferOptions): Promise<readonly PushedImage[]>;
  /** Removes images without a name as docker does; never what is cached. */
  pruneImages(options?: PruneImagesOptions): Promise<PrunedImages>;
  /** What the store holds and how much room it takes. */
  du(): Promise<DiskUsageReport>;
  /** Removes cached steps, cache mounts and what nothing needs; images with a name stay. */
  prune(policy?: PrunePolicy): Promise<PruneReport>;
  /** Everything that is wrong with the store, as sentences; reads all of it. What can be mended is. */
  verify(): Promise<readonly string[]>;
  close(): void;
}
