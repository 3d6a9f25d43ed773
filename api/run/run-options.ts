import type { PublishedPort } from "../../executor-native/network/published-ports.js";
import { type CommandOptions, type CommandStreams, checkCommandOptions } from "../commands/command-options.js";
import { badRunOption } from "../commands/errors.js";
import type { BuildOptions } from "../options/options.js";
import { parsePort } from "../texts/ports.js";

/**
 * Options of `run`: an image or a build, and the command. Each that is not given is as the image's
 * config says.
 */
export interface RunOptions
  extends CommandOptions,
    CommandStreams,
    Pick<BuildOptions, "root" | "signal" | "onEvent" | "isolation" | "network"> {
  /** Image: a name, an id or a digest. A name that the store lacks is pulled. */
  readonly image?: string;
  /** Build whose target runs, in the place of an image. Its outputs are ignored. */
  readonly build?: BuildOptions;
  /** Platform of the image, such as `linux/arm64`. Default: this machine's. */
  readonly platform?: string;
  /** `true` asks the registry first, `never` takes the store's image only. Default `false`. */
  readonly pull?: boolean | "never";
  /**
   * Ports of the command that this machine shows, `[IP:][HOST:]PORT[/tcp|udp]` with ranges as in
   * docker. Without an address that is this machine's loopback; without HOST any free port.
   */
  readonly publish?: readonly string[];
  /** True publishes all ports that the image exposes, each at a free one. */
  readonly publishAll?: boolean;
  /** Called with the published ports, before the command begins. */
  readonly onPublish?: (ports: readonly PublishedPort[]) => void;
  /**
   * True runs the command until its health check passes, ends it, and resolves with code 0. Rejects
   * with `run/unhealthy` when it never does.
   */
  readonly waitHealthy?: boolean;
}

/** Checks what the options alone show. Throws UsageError `run/…` or `cli/bad-value`. */
export function checkRunOptions(options: RunOptions): void {
  const { image, build, publish = [], publishAll = false, network } = options;
  if ((image === undefined) === (build === undefined)) throw badRunOption("an image or a build is needed, and one of them only");
  checkCommandOptions(options);
  for (const text of publish) parsePort(text);
  if ((publish.length > 0 || publishAll) && network === "none")
    throw badRunOption('no port can be published with network "none": the command has a loopback of its own only');
}
