import { gitSource, readGit } from "../../llb/sources/git.js";
import { LAYOUT_SCHEME } from "../../llb/sources/image.js";
import { contextKind } from "../options/context-kind.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { DockerfileText } from "../sources/local-context.js";
import type { LlbSteps } from "./llb-steps.js";
import { gitUri } from "./materials.js";

/** Request of a build. */
export interface Invocation {
  /** Place of the Dockerfile: its path, and the address of its context where it has one. */
  readonly source: { readonly uri?: string; readonly path: string };
  /** Text of the Dockerfile. */
  readonly dockerfile: string;
  /** Directories of the caller that are read in any case. */
  readonly locals: readonly string[];
  /** Options by the names of BuildKit's frontend. */
  readonly args: Readonly<Record<string, string>>;
}

type InvokedOptions = Pick<
  ResolvedBuildOptions,
  | "buildArgs"
  | "labels"
  | "target"
  | "network"
  | "extraHosts"
  | "shmSize"
  | "ulimits"
  | "noCache"
  | "buildContexts"
  | "context"
  | "dockerfile"
>;

/** Reads how a build was asked for from its options and its Dockerfile. */
export function invocationOf(build: InvokedOptions, { text, name, path }: DockerfileText): Invocation {
  const uri = addressOf(build.context);
  const kind = typeof build.context === "string" ? contextKind(build.context) : undefined;
  const local = typeof kind === "object" && kind.kind === "directory";
  const written = name.startsWith("<") ? "Dockerfile" : name;
  return {
    source: { ...(uri === undefined ? {} : { uri }), path: path === undefined ? written : (written.split("/").at(-1) ?? written) },
    dockerfile: text,
    locals: [...(local ? ["context"] : []), ...(path === undefined ? [] : ["dockerfile"])],
    args: argsOf(build),
  };
}

/** Returns the address of a context that is elsewhere. */
function addressOf(context: InvokedOptions["context"]): string | undefined {
  const kind = typeof context === "string" ? contextKind(context) : undefined;
  if (typeof kind !== "object" || kind.kind === "directory") return undefined;
  if (kind.kind === "url") return kind.url;
  const source = readGit(gitSource(kind.source));
  return source && gitUri(source);
}

/** Returns a named context as BuildKit's frontend gets it: a directory has no path there. */
function contextValue([name, value]: readonly [string, string]): readonly [string, string] {
  const path = value.startsWith(`${LAYOUT_SCHEME}://`) ? `${LAYOUT_SCHEME}://${name}` : undefined;
  const kind = contextKind(value);
  const directory = !value.includes("://") && typeof kind === "object" && kind.kind === "directory";
  return [`context:${name}`, path ?? (directory ? `local:${name}` : value)];
}

function argsOf(build: InvokedOptions): Readonly<Record<string, string>> {
  const { target, network, extraHosts, shmSize, ulimits, noCache } = build;
  const named = <T>(prefix: string, values: Readonly<Record<string, T>>): readonly (readonly [string, string])[] =>
    Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, String(value)]);
  const entries: readonly (readonly [string, string])[] = [
    ...named("build-arg", build.buildArgs),
    ...named("label", build.labels),
    ...Object.entries(build.buildContexts).map(contextValue),
    ...(target === undefined ? [] : [["target", target] as const]),
    ...(network === "default" ? [] : [["force-network-mode", network] as const]),
    ...(extraHosts.length === 0 ? [] : [["add-hosts", extraHosts.map(({ host, ip }) => `${host}=${ip}`).join(",")] as const]),
    ...(shmSize === undefined ? [] : [["shm-size", String(shmSize)] as const]),
    ...(ulimits.length === 0 ? [] : [["ulimit", ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`).join(",")] as const]),
    ...(noCache === true ? [["no-cache", ""] as const] : noCache && noCache.length > 0 ? [["no-cache", noCache.join(",")] as const] : []),
  ];
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Arguments that `mode=min` leaves out: their values are the caller's own. */
const OWN = /^(?:build-arg|label):/;

/**
 * Returns the parameters of an invocation. `complete` is false where `mode=min` left some out.
 */
export function parametersOf(
  { args, locals: read }: Invocation,
  { graph, locals, max }: { readonly graph: LlbSteps; readonly locals: readonly string[]; readonly max: boolean },
): { readonly parameters: Readonly<Record<string, unknown>>; readonly complete: boolean } {
  const kept = Object.entries(args).filter(([name]) => max || !OWN.test(name));
  const names = [...new Set([...read, ...locals])].sort();
  const secrets = max ? idsOf(graph, "secret") : [];
  const ssh = max ? idsOf(graph, "ssh") : [];
  return {
    parameters: {
      frontend: "dockerfile.v0",
      ...(kept.length > 0 && { args: Object.fromEntries(kept) }),
      ...(secrets.length > 0 && { secrets }),
      ...(ssh.length > 0 && { ssh }),
      ...(names.length > 0 && { locals: names.map((name) => ({ name })) }),
    },
    complete: kept.length === Object.keys(args).length,
  };
}

interface SecretId {
  readonly id: string;
  readonly optional?: true;
}

/**
 * Returns the ids of the secrets, or the agents, that steps ask for. A secret or agent that any
 * step requires is required.
 */
function idsOf({ vertices }: LlbSteps, type: "secret" | "ssh"): readonly SecretId[] {
  const optional = new Map<string, boolean>();
  const add = (id: string, may: boolean) => optional.set(id, may && (optional.get(id) ?? true));
  for (const { op } of vertices) {
    if (op.kind !== "exec") continue;
    for (const mount of op.mounts) if (mount.type === type) add(mount.id, mount.optional);
    if (type === "secret") for (const one of op.secretEnv ?? []) add(one.id, one.optional);
  }
  return [...optional].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, may]) => (may ? { id, optional: true } : { id }));
}
