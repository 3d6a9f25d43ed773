import type { Readable } from "node:stream";
import type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
export type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
import type { BuildOptions } from "../options/options.js";
import { absolute, badRunOption } from "./errors.js";
import type { HealthOptions } from "../options/services/types.js";
import { checkHealthOptions } from "./health-check.js";

/** A directory or file of this machine that a command sees. */
export interface RunVolume {
  /** Absolute path on this machine. */
  readonly source: string;
  /** Absolute path for the command. */
  readonly dest: string;
  readonly readonly?: boolean;
}

/**
 * A command in an image, and the place where it runs. Each member that is not given is as the
 * image's config says.
 */
export interface CommandOptions extends Pick<BuildOptions, "addHosts" | "ulimits" | "shmSize"> {
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
  /** Health check in the place of the image's, or parts of it. */
  readonly health?: HealthOptions;
  /** Gives the command a terminal, of this size at first. */
  readonly terminal?: TerminalSize;
}

/** Streams of a command, and orders to it. */
export interface CommandStreams {
  /** Standard input of the command. Default: empty. */
  readonly input?: Readable;
  /**
   * Called with output. The command waits, when its pipe is full, until a promise that this returns
   * is resolved.
   */
  readonly onOutput?: (stream: "stdout" | "stderr", data: Uint8Array) => void | Promise<void>;
  /** Called when the command is being started. */
  readonly onStart?: (command: RunningCommand) => void;
}

/** Checks what the options alone show. Throws UsageError `run/…`. */
export function checkCommandOptions({ volumes = [], tmpfs = [], workdir, env = [], health }: CommandOptions): void {
  for (const { source, dest } of volumes) {
    absolute("a volume's source", source);
    absolute("a volume's target", dest);
  }
  for (const { dest } of tmpfs) absolute("the path of a tmpfs", dest);
  if (workdir !== undefined) absolute("the working directory", workdir);
  for (const dest of [...volumes, ...tmpfs].map((mount) => mount.dest))
    if (/^\/+(\.\/*)*$/.test(dest)) throw badRunOption(`"${dest}" is the whole root, and nothing can be mounted there`);
  for (const variable of env) if (!/^[^=]+=/s.test(variable)) throw badRunOption(`"${variable}" is no variable: expected NAME=value`);
  if (health) checkHealthOptions(health);
}
