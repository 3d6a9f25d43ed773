import type { LayerId } from "../cache/contract/layers.js";
import type { LocalSource } from "../llb/sources/local.js";
import type { Digest } from "../core/digest.js";
import type { WebRequests } from "../core/web-request.js";
import type { Timestamp } from "../core/file-node.js";
import type { ProxyPlace, Worker } from "../executor-native/contract.js";
import type { DeviceEdits } from "../executor-native/devices/device-edits.js";
import type { PrivateNetwork } from "../executor-native/network/stacks.js";
import type { LimitRequest } from "../executor-native/limits/limits.js";
import type { ExecOp, SourceOp } from "../llb/ops.js";
import type { CompressionOptions } from "../oci/layer/model/tasks.js";
import type { FileTree } from "../oci/layer/model/toc.js";
import type { Descriptor } from "../oci/types.js";
import type { ExplainContext } from "./explain/earlier-builds.js";
import type { FreshMounts } from "./fresh-mounts.js";
import type { LayerService } from "./layers/layer-service.js";
import type { Reporter, Stack } from "./layers/ports.js";
import type { Downloads } from "./remote/downloads.js";
import type { GitRepositories } from "./remote/git-repositories.js";
import type { SecretById } from "./remote/secret-names.js";

/** An image as a source op needs it to make a stack of layers. */
export interface SourceImage {
  /** Canonical reference to fetch layers with; undefined when the store has them all. */
  readonly origin: string | undefined;
  /** Layers, bottom first; one for each diffID. */
  readonly layers: readonly { readonly blob: Descriptor; readonly diffId: Digest }[];
  /** Manifests and config, for builders that read the image here. */
  readonly documents?: readonly Descriptor[];
}

/** Everything that a graph names from outside. */
export interface Sources {
  /** Finds an image for a platform. An image is known when the frontend asked for it. */
  image(op: SourceOp, platform: string | undefined): Promise<SourceImage>;
  /** Returns the files of a directory of the caller, without those that its patterns exclude. */
  local(source: LocalSource): Promise<FileTree>;
  /** Files by URL. */
  readonly downloads: Downloads;
  /** Git repositories by URL. */
  readonly repositories: GitRepositories;
}

/** Certificates in PEM that a build trusts. */
export interface Authorities {
  /** Certificates that the caller gave. */
  readonly own: string;
  /** Public ones, for images that have none. */
  readonly common: string;
  /** Called with a layer of this store that has them, which is for the steps of the build alone. */
  readonly onLayer?: (layer: LayerId) => void;
}

/** The place where steps run. */
export interface Sandboxes {
  /** Starts the worker when it is asked for the first time. */
  worker(): Promise<Worker>;
  /** Starts what a step needs, because one is going to run. */
  expect(): void;
  /** Returns the authorities that steps trust beside their image's; in no key and no layer. */
  authorities(op: Pick<ExecOp, "network">): Promise<Authorities | undefined>;
  /**
   * Returns the network of a step. Rejects where `private` was asked for and cannot be had.
   * `notice` is given to a build's first step that has another one than it might expect.
   */
  network(op: Pick<ExecOp, "network">): Promise<StepNetwork>;
  /** Returns what devices change for a step. The rights to them were looked at before. */
  devices(devices: NonNullable<ExecOp["devices"]>): Promise<DeviceEdits>;
  /** Returns what of the place is in the keys of steps in a network of their own. */
  identity?(): Promise<string | undefined>;
  /** Limits of each step, and of all; in no key. */
  readonly limits?: LimitRequest;
  /** True where steps wait until the memory that they took before is free. */
  readonly fitMemory?: boolean;
  /** Proxy variables, `NAME=value`, that RUN steps see and no key knows. */
  readonly proxyEnv: readonly string[];
}

/** The network of one step. */
export interface StepNetwork {
  readonly kind: "host" | "none" | "private";
  /** Text of the sandbox's /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Address of this machine, for the name `host-gateway`. */
  readonly gateway: string;
  /** Further lines for /etc/hosts. */
  readonly hosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Place of a network of the steps' own. */
  readonly place?: PrivateNetwork;
  /** Starts the proxy that is the step's only way out. The kind is `none` then. */
  readonly openProxy?: () => Promise<StepProxy>;
  /** Line for the step's output. */
  readonly notice?: string;
}

/** A recording proxy that one step has for itself. */
export interface StepProxy extends AsyncDisposable {
  readonly place: ProxyPlace;
  /** Requests that came until now. */
  readonly requests: WebRequests;
}

/**
 * Secrets and SSH agents that the caller entrusts to steps. Each method returns undefined for an id
 * that the build was not given.
 */
export interface Secrets {
  readonly value: SecretById;
  /** Returns the socket of an SSH agent. */
  agent(id: string): Promise<string | undefined>;
}

/** Cache mounts as a build begins with them. */
export interface CacheMounts {
  /**
   * Fills a mount that does not exist yet from a cache, at `path`. Returns false when no cache has
   * it.
   */
  restore(name: string, path: string, reporter: Reporter): Promise<boolean>;
  /** Empties mounts before their first use in this build; undefined keeps their files. */
  readonly fresh: FreshMounts | undefined;
}

/** The time of a build. */
export interface Clock {
  /** Seconds since the epoch that new files are clamped to; undefined in a build without a date. */
  readonly epoch: number | undefined;
  /** Returns the time of files that are made now. */
  now(): Timestamp;
}

/** The form of the layers that a build exports. */
export interface Exports {
  readonly compression: CompressionOptions;
  /** Compresses layer `index` of a stack beside the steps that follow. */
  compress(stack: Stack, index: number): void;
}

/** Everything that the ops of one build may use; api/ provides it. */
export interface SolverPorts {
  readonly sources: Sources;
  readonly layers: LayerService;
  readonly sandboxes: Sandboxes;
  readonly secrets: Secrets;
  readonly mounts: CacheMounts;
  readonly clock: Clock;
  readonly exports: Exports;
  /** Earlier builds, from which explanations are made. */
  readonly past: ExplainContext;
}

/** The ports that an op says it uses. */
export type Ports<Name extends keyof SolverPorts> = Pick<SolverPorts, Name>;
