import { UsageError } from "../../../core/errors.js";
import type { ClientPorts } from "../../options/client-ports.js";
import type { BuildOptions, CacheFrom } from "../../options/options.js";
import { parseAttestations } from "../../texts/attestations.js";
import { splitCsv } from "../../texts/csv.js";
import { badRequest, notGranted, unsupported } from "../errors.js";
import { cacheImports } from "./request-caches.js";

/** Attributes of BuildKit's frontend for Dockerfiles, by their names. */
export type FrontendAttributes = ReadonlyMap<string, string>;

/** Wishes of a client for the frontend, as options of a build. */
export interface FrontendRequest {
  readonly options: BuildOptions;
  readonly directories: ClientPorts["directories"];
  /** Sessions of directories that another session than the build's own has, by their names. */
  readonly sessions: ReadonlyMap<string, string>;
  readonly cacheFrom: readonly CacheFrom[];
  /** Question that is asked in the place of a build: `frontend.outline`. */
  readonly question: string | undefined;
  /** Configs of the results that are contexts, by the names of these. */
  readonly inputMetadata: ReadonlyMap<string, string>;
}

/** Attributes that change nothing of the result: they are about the client, or frontend images. */
const IDLE = new Set([
  "cmdline",
  "source",
  "frontend.caps",
  "multi-platform",
  "cgroup-parent",
  "contextsubdir",
  "dockerfilekey",
  "contextkey",
  "context",
  "requestid",
  "build-arg-file",
]);

/** Reads the attributes of the frontend. Throws for one that tsbuild cannot follow. */
export function frontendRequest(attributes: FrontendAttributes, { mayUseHost }: { readonly mayUseHost: boolean }): FrontendRequest {
  const left = new Map([...attributes].filter(([name]) => !IDLE.has(name) && !name.startsWith("vcs:")));
  const take = (name: string): string | undefined => {
    const value = left.get(name);
    left.delete(name);
    return value;
  };
  const group = (prefix: string): Record<string, string> => {
    const found = [...left].filter(([name]) => name.startsWith(prefix));
    for (const [name] of found) left.delete(name);
    return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
  };
  const list = (name: string): readonly string[] => {
    const text = take(name);
    return text === undefined || text === "" ? [] : splitCsv(text, `attribute ${name}`);
  };
  const context = attributes.get("context") ?? "";
  const noCache = take("no-cache");
  const attest = Object.entries(group("attest:")).map(([type, text]) => `type=${type}${text === "" ? "" : `,${text}`}`);
  const shmSize = take("shm-size") ?? "";
  const target = take("target");
  const dockerfile = take("filename");
  const options: BuildOptions = {
    context: context === "" ? "." : context,
    ...(dockerfile ? { dockerfile: dockerfile.replace(/^\/+/, "") } : {}),
    ...(target ? { target } : {}),
    buildArgs: group("build-arg:"),
    labels: group("label:"),
    buildContexts: group("context:"),
    platforms: [...list("platform")],
    pull: pullOf(take("image-resolve-mode")),
    addHosts: [...list("add-hosts")],
    network: networkOf(take("force-network-mode"), mayUseHost),
    ...(shmSize === "" ? {} : { shmSize: numberOf("shm-size", shmSize) }),
    ulimits: [...list("ulimit")],
    ...(noCache === undefined ? {} : noCache === "" ? { noCache: true } : { noCacheFilter: noCache.split(",") }),
    ...parseAttestations({ attest }),
  };
  const request = {
    options,
    directories: directoriesOf(context, attributes),
    sessions: new Map(Object.entries(group("local-sessionid:"))),
    cacheFrom: cacheImports(take("cache-imports"), take("cache-from")),
    question: attributes.get("requestid"),
    inputMetadata: new Map(Object.entries(group("input-metadata:"))),
  };
  for (const [name] of left) throw unsupported(`the attribute "${name}" of the frontend`);
  return request;
}

/**
 * Returns the client's directories. A remote context has a Dockerfile of its own unless one is
 * named.
 */
function directoriesOf(context: string, attributes: FrontendAttributes): ClientPorts["directories"] {
  const dockerfile = attributes.get("dockerfilekey");
  const isLocal = context === "" || context.startsWith("local:");
  if (!isLocal) return { context: undefined, dockerfile };
  const name = context.startsWith("local:") ? context.slice("local:".length) : (attributes.get("contextkey") ?? "context");
  return { context: name, dockerfile: dockerfile ?? "dockerfile" };
}

function pullOf(mode: string | undefined): boolean {
  if (mode === undefined || mode === "" || mode === "default" || mode === "local") return false;
  if (mode === "pull") return true;
  throw badRequest(`invalid image-resolve-mode: ${mode}`);
}

function networkOf(mode: string | undefined, mayUseHost: boolean): "default" | "none" | "host" {
  if (mode === undefined || mode === "" || mode === "default" || mode === "sandbox") return "default";
  if (mode === "none") return "none";
  if (mode !== "host") throw badRequest(`invalid network mode ${mode}`);
  if (!mayUseHost) throw notGranted("network.host");
  return "host";
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`invalid ${name}: ${text}`);
  return Number(text);
}

/** Returns the error of options as the answer to a request. */
export function readingRequest<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw badRequest(error.hint === undefined ? error.message : `${error.message}\nhint: ${error.hint}`);
    throw error;
  }
}
