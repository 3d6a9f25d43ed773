import type { SourceOp } from "../llb/ops.js";
import type { Worker } from "../executor-native/contract.js";
import type { CompressionOptions } from "../oci/layer/model/tasks.js";
import type { FileTree } from "../oci/layer/model/toc.js";
import type { Descriptor } from "../oci/types.js";
import type { Digest } from "../core/digest.js";
import type { ExplainContext } from "./explain/earlier-builds.js";
import type { Background } from "./layers/background.js";
import type { LayerService } from "./layers/layer-service.js";
import type { Reporter } from "./layers/ports.js";
import type { FreshMounts } from "./fresh-mounts.js";
import type { Downloads } from "./remote/downloads.js";
import type { GitRepositories } from "./remote/git-repositories.js";

/** An image as the registry or the local store describes it: what a source op needs to make it a stack of layers. */
export interface SourceImage {
  /** Canonical reference to fetch layers with; undefined when everything is in the store. */
  readonly origin: string | undefined;
  /** Bottom first; one per diffID. */
  readonly layers: readonly { readonly blob: Descriptor; readonly diffId: Digest }[];
}

/** What the ops of one build share. Everything is injected by api/. */
export interface SolverContext extends ExplainContext {
  readonly layers: LayerService;
  /** Brings the content of a cache mount that is not there yet from such a cache; answers whether there was any. `path` does not exist. */
  readonly restoreMount: (name: string, path: string, reporter: Reporter) => Promise<boolean>;
  /** Starts the worker when it is asked for the first time. */
  readonly worker: () => Promise<Worker>;
  /** Returns the image of a source operation for a platform. It is known when the frontend asked for it, and resolved otherwise. */
  readonly image: (op: SourceOp, platform: string | undefined) => Promise<SourceImage>;
  /** Returns the tree of a local directory, known by its name, without what the ignore patterns exclude. */
  readonly local: (name: string, excludePatterns: readonly string[]) => Promise<FileTree>;
  /** Form of the layers this build exports. */
  readonly compression: CompressionOptions;
  /** For work that belongs to no step; its signal is the build's. */
  readonly quiet: Reporter;
  /** Compresses finished layers beside the steps that follow. */
  readonly background: Background;
  /** Text for the sandbox's /etc/resolv.conf. */
  readonly resolvConf: () => string;
  /** `NAME=value` proxy variables that RUN steps see and no key knows. */
  readonly proxyEnv: readonly string[];
  /** The value of a secret by its id; undefined when the build was given none. */
  readonly secrets: (id: string) => Uint8Array | undefined;
  /** The socket of an SSH agent by its id; undefined when the build was given none. */
  readonly sshAgent: (id: string) => Promise<string | undefined>;
  /** Empties cache mounts before their first use in this build; undefined: they keep what they have. */
  readonly freshMounts: FreshMounts | undefined;
  /** Files by URL. */
  readonly downloads: Downloads;
  /** Git repositories by URL. */
  readonly repositories: GitRepositories;
}
