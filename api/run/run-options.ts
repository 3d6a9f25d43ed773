import type { Readable } from "node:stream";
import { absolute, badRunOption } from "./errors.js";
import type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
export type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
import type { BuildOptions } from "../options/options.js";

/** A directory or file of this machine that a command sees. */
export interface RunVolume {
  /** Absolute path on this machine. */
  readonly source: string;
  /** Absolute path for the command. */
  readonly dest: string;
  readonly readonly?: boolean;
}

/**
 * Options of `run`: an image or a build, and the command. Each that is not given is as the image's
 * config says.
 */
export interface RunOptions
  extends Pick<BuildOptions, "root" | "signal" | "onEvent" | "isolation" | "network" | "addHosts" | "ulimits" | "shmSize"> {
  /** Image: a name, an id or a digest. A name that the store lacks is pulled. */
  readonly image?: string;
  /** Build whose target runs, in the place of an image. Its outputs are ignored. */
  readonly build?: BuildOptions;
  /** Platform of the image, such as `linux/arm64`. Default: this machine's. */
  readonly platform?: string;
  /** `true` asks the registry first, `never` takes the store's image only. Default `false`. */
  readonly pull?: boolean | "never";
  /** Words in the place of the image's CMD. */
  readonly command?: readonly string[];
  /** Program in the place of the image's ENTRYPOINT, whose CMD then counts no more. */
  readonly entrypoint?: string;
  /** Variables, `NAME=value`, that win over those of the image. */
  readonly env?: readonly string[];
  readonly workdir?: string;
  /** User as in USER. */
  readonly user?: string;
  readonly hostname?: string;
  readonly volumes?: readonly RunVolume[];
  /** Empty file systems in memory, by their paths. `size` is in bytes. */
  readonly tmpfs?: readonly { readonly dest: string; readonly size?: number }[];
  /** True refuses changes of the root file system. */
  readonly readonlyRoot?: boolean;
  /** Standard input of the command. Default: empty. */
  readonly input?: Readable;
  /** Gives the command a terminal, of this size at first. */
  readonly terminal?: TerminalSize;
  readonly onOutput?: (stream: "stdout" | "stderr", data: Uint8Array) => void;
  /** Called when the command is being started. */
  readonly onStart?: (command: RunningCommand) => void;
}

/** End of a command. */
export type RunExit = { readonly code: number } | { readonly signal: string };

/** Checks what the options alone show. Throws UsageError `run/…`. */
export function checkRunOptions(options: RunOptions): void {
  const { image, build, volumes = [], tmpfs = [], workdir, env = [] } = options;
  if ((image === undefined) === (build === undefined)) throw badRunOption("an image or a build is needed, and one of them only");
  for (const { source, dest } of volumes) {
    absolute("a volume's source", source);
    absolute("a volume's target", dest);
  }
  for (const { dest } of tmpfs) absolute("the path of a tmpfs", dest);
  if (workdir !== undefined) absolute("the working directory", workdir);
  for (const dest of [...volumes, ...tmpfs].map((mount) => mount.dest))
    if (/^\/+(\.\/*)*$/.test(dest)) throw badRunOption(`"${dest}" is the whole root, and nothing can be mounted there`);
  for (const variable of env) if (!/^[^=]+=/s.test(variable)) throw badRunOption(`"${variable}" is no variable: expected NAME=value`);
}
