import { realpathSync } from "node:fs";
import { formatPlatform, hostPlatform } from "../../oci/platform.js";
import { isAbsolute, posix } from "node:path";
import type { SandboxMount, SandboxSpec } from "../../executor-native/contract.js";
import { hostsFile } from "../../solver/ops/step-files.js";
import { parseExtraHosts, parseUlimits, checkShmSize } from "../options/steps/step-options.js";
import { needsNamespaces, noCommand, noSuchVolume } from "./errors.js";
import type { ImageRoot } from "./image-root.js";
import type { CommandPlace } from "./run-on-layers.js";
import type { CommandOptions } from "./command-options.js";
import type { HealthCheck } from "./health-check.js";

const HOSTNAME = "tsbuild";
/** Search path of an image that names none, as in docker. */
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface Place extends CommandPlace {
  /** Health check that the caller will order. */
  readonly check?: HealthCheck | undefined;
}

/** Returns the sandbox of a command as image and options say. */
export function commandSpec(
  options: CommandOptions,
  { config, name, platform }: ImageRoot,
  { rootfs, tier, network, check }: Place,
): SandboxSpec {
  const { volumes = [], tmpfs = [], readonlyRoot = false, hostname = HOSTNAME } = options;
  if (tier !== "namespaces") {
    if (readonlyRoot) throw needsNamespaces("a read-only root", tier);
    if (volumes.some((volume) => volume.readonly !== true)) throw needsNamespaces("a writable volume", tier);
  }
  const own = formatPlatform(platform);
  const shmSize = checkShmSize(options.shmSize);
  const ulimits = parseUlimits(options.ulimits ?? []);
  return {
    rootfs,
    mounts: [
      ...tmpfs.map(({ dest, size = 0 }): SandboxMount => ({ type: "tmpfs", dest: posix.normalize(dest), size, readonly: false })),
      ...volumes.map(
        ({ source, dest, readonly = false }): SandboxMount => ({
          type: "bind",
          source: realPath(source),
          dest: posix.normalize(dest),
          readonly,
        }),
      ),
    ],
    args: commandOf(options, { config, name }),
    env: mergedEnv(config.Env ?? [], options),
    cwd: workdirOf(options.workdir ?? config.WorkingDir),
    user: options.user ?? config.User ?? "",
    hostname,
    network: network.kind,
    security: "sandbox",
    hosts: hostsFile({ hostname, extraHosts: parseExtraHosts(options.addHosts ?? []) }, network.gateway),
    resolvConf: network.resolvConf,
    interactive: true,
    ...(check && { check: check.words }),
    ...(own === formatPlatform(hostPlatform()) ? {} : { platform: own }),
    ...(options.terminal && { terminal: options.terminal }),
    ...(readonlyRoot && { readonlyRoot }),
    ...(ulimits.length > 0 && { ulimits }),
    ...(shmSize === undefined ? {} : { shmSize }),
  };
}

/** Returns the words that are executed. An entry point of the options takes the CMD away. */
function commandOf({ entrypoint, command = [] }: CommandOptions, { config, name }: Pick<ImageRoot, "config" | "name">): readonly string[] {
  const first = entrypoint === undefined ? (config.Entrypoint ?? []) : entrypoint === "" ? [] : [entrypoint];
  const rest = command.length > 0 || entrypoint !== undefined ? command : (config.Cmd ?? []);
  const words = [...first, ...rest];
  if (words.length === 0) throw noCommand(name);
  return words;
}

/** Returns the variables of the image and of the options; each name once, the last one wins. */
function mergedEnv(image: readonly string[], { env = [], terminal }: CommandOptions): readonly string[] {
  const all = [PATH, ...(terminal ? ["TERM=xterm"] : []), ...image, ...env];
  return [...new Map(all.map((variable) => [variable.slice(0, variable.indexOf("=")), variable])).values()];
}

function workdirOf(text: string | undefined): string {
  if (text === undefined || text === "") return "/";
  return isAbsolute(text) ? text : posix.join("/", text);
}

/** Follows the links of a path on this machine: the sandbox itself follows none. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw noSuchVolume(path, error);
  }
}
