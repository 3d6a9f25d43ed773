import type { Diagnostic } from "../../core/diagnostics.js";
import { TsbuildError } from "../../core/errors.js";
import { dockerConfigPath, type DockerConfig, readDockerConfig } from "../../oci/registry/docker-config.js";

type Environment = Readonly<Record<string, string | undefined>>;

interface ResolvedBuildArgs {
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Warning about docker's configuration, when it cannot be read. */
  readonly warning?: Diagnostic;
}

/** Variables by the keys of docker's configuration. */
const VARIABLES = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  ftpProxy: "FTP_PROXY",
  allProxy: "ALL_PROXY",
} as const;
const NAMES: readonly string[] = Object.values(VARIABLES);
/** Usual address of the daemon, by which docker looks its proxies up. */
const DAEMON = "unix:///var/run/docker.sock";

/**
 * Returns build arguments with the values that come from elsewhere: of a name without a value, the
 * environment's; SOURCE_DATE_EPOCH, as in buildx; and docker's proxies.
 */
export function resolveBuildArgs(args: Environment, env: Environment): ResolvedBuildArgs {
  const resolved: Record<string, string> = {};
  if (env["SOURCE_DATE_EPOCH"]) resolved["SOURCE_DATE_EPOCH"] = env["SOURCE_DATE_EPOCH"];
  for (const [name, given] of Object.entries(args)) {
    const value = given ?? env[name];
    if (value !== undefined) resolved[name] = value;
  }
  return withConfigProxies(resolved, env);
}

/**
 * Adds docker's proxies (`proxies` of its configuration: those of the daemon that `DOCKER_HOST`
 * names, else `default`) to build arguments, as docker does. An argument in either spelling wins,
 * an empty one too. A configuration that cannot be read is a warning: docker builds then as well.
 */
function withConfigProxies(buildArgs: Readonly<Record<string, string>>, env: Environment): ResolvedBuildArgs {
  let config: DockerConfig;
  try {
    config = readDockerConfig(dockerConfigPath(env));
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    const message = `No proxies are taken from docker's configuration. ${error.message}`;
    return { buildArgs, warning: { severity: "warning", code: error.code, message } };
  }
  const proxies = config.proxies?.[env["DOCKER_HOST"] || DAEMON] ?? config.proxies?.["default"];
  if (typeof proxies !== "object" || proxies === null) return { buildArgs };
  const given = new Set(Object.keys(buildArgs).map((name) => name.toUpperCase()));
  const added = Object.entries(VARIABLES).flatMap(([key, name]) => {
    const value: unknown = proxies[key as keyof typeof VARIABLES];
    return typeof value === "string" && value !== "" && !given.has(name) ? [[name, value] as const] : [];
  });
  return { buildArgs: added.length === 0 ? buildArgs : { ...buildArgs, ...Object.fromEntries(added) } };
}

/**
 * Returns the proxy variables of every RUN step, in both spellings. No key and no history has them.
 */
export function proxyVariables(buildArgs: Readonly<Record<string, string>>): readonly string[] {
  return NAMES.flatMap((upper) => {
    const spellings = Object.keys(buildArgs).filter((name) => name.toUpperCase() === upper);
    return [upper, upper.toLowerCase()].flatMap((name) => {
      const value = buildArgs[name] ?? (spellings[0] === undefined ? undefined : buildArgs[spellings[0]]);
      return value ? [`${name}=${value}`] : [];
    });
  });
}
