import { normalizePlatform, type Platform } from "../../../oci/platform.js";
import type { ContainerConfig, ImageConfig } from "../../../oci/types.js";
import { sortedObject, splitAssignment } from "./env.js";

/** An image config while a stage changes it: no layers, no history, no times. */
export type StageImage = Omit<ImageConfig, "rootfs" | "history" | "created">;

/** PATH of a container where nothing sets one; not on Windows. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Returns the config of `FROM scratch`. */
export function emptyImage(platform: Platform): StageImage {
  return { ...platformMembers(platform), config: { Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: "/" } };
}

/** Returns the config of an image that a stage inherits. ONBUILD triggers have run by then. */
export function inheritedImage(image: StageImage): StageImage {
  const { OnBuild: _onBuild, ...config } = image.config ?? {};
  return { ...image, config };
}

/** Returns the image with a PATH, which RUN and containers rely on. */
export function withDefaultPath(image: StageImage): StageImage {
  const env = image.config?.Env ?? [];
  if (image.os === "windows" || env.some((entry) => splitAssignment(entry)[0] === "PATH")) return image;
  return { ...image, config: { ...image.config, Env: [...env, `PATH=${DEFAULT_PATH}`] } };
}

/** Returns a config with members set, or removed where they are undefined. */
export function updated(
  image: StageImage,
  changes: { readonly [K in keyof ContainerConfig]?: ContainerConfig[K] | undefined },
): StageImage {
  const config: Record<string, unknown> = { ...image.config, ...changes };
  for (const [name, value] of Object.entries(config)) if (value === undefined) delete config[name];
  return { ...image, config };
}

/**
 * Returns the result's config: labels of the command line win, the platform is the requested one,
 * sets are sorted.
 */
export function finishedImage(
  image: StageImage,
  options: { readonly labels: Readonly<Record<string, string>>; readonly platform: Platform | undefined },
): StageImage {
  const labels = { ...image.config?.Labels, ...options.labels };
  const config = inDockerOrder({
    ...image.config,
    ...(Object.keys(labels).length > 0 ? { Labels: sortedObject(labels) } : {}),
    ...(image.config?.ExposedPorts ? { ExposedPorts: sortedObject(image.config.ExposedPorts) } : {}),
    ...(image.config?.Volumes ? { Volumes: sortedObject(image.config.Volumes) } : {}),
  });
  const { architecture, os, variant, "os.version": version, ...rest } = image;
  const own: Platform = { architecture, os, ...(variant ? { variant } : {}), ...(version ? { osVersion: version } : {}) };
  const wanted = options.platform;
  const same = wanted?.os === os && wanted.architecture === architecture;
  // The base's variant and version stay when the request leaves them open.
  const platform = wanted ? { ...(same ? own : {}), ...wanted } : own;
  return { ...rest, ...platformMembers(normalizePlatform(platform)), config };
}

const ORDER = (
  "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce Env Entrypoint Cmd Image Volumes " +
  "WorkingDir NetworkDisabled MacAddress Labels StopSignal ArgsEscaped Healthcheck OnBuild Shell"
).split(" ");

/**
 * Orders members as BuildKit writes them: equal images then have equal configs, byte for byte.
 * Unknown members come last.
 */
function inDockerOrder(config: ContainerConfig): ContainerConfig {
  const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.fromEntries(Object.entries(config).sort(([a], [b]) => rank(a) - rank(b)));
}

/** Returns the members of an image's config that say its platform. */
export function platformMembers(platform: Platform): Pick<ImageConfig, "architecture" | "os" | "variant" | "os.version"> {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant ? { variant: platform.variant } : {}),
    ...(platform.osVersion ? { "os.version": platform.osVersion } : {}),
  };
}

/** Returns the platform in an image's config; undefined when it has none. */
export function imagePlatform(image: StageImage): Platform | undefined {
  if (!image.architecture || !image.os) return undefined;
  return normalizePlatform({
    architecture: image.architecture,
    os: image.os,
    ...(image.variant ? { variant: image.variant } : {}),
    ...(image["os.version"] ? { osVersion: image["os.version"] } : {}),
  });
}
