import {
  entryTooLarge,
  layerNotInActions,
  noActionsAddress,
  badActionsAddress,
  badActionsToken,
  actionsTimeout,
  numbersTaken,
} from "./errors.js";
import { type Digest, digestHex, sha256 } from "../../core/digest.js";
import { UsageError } from "../../core/errors.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { Environment } from "../../net/proxy.js";
import type { GhaOptions } from "./attributes/gha.js";
import type { Backend, CacheSource, CacheTarget } from "./backend.js";
import { joinContents, type TransferContent } from "./content.js";
import { type ActionsCache, actionsCache, type CacheEntry, type ServiceAddress } from "./gha-service.js";
import { type CacheHttp, httpUrl, type ServiceOptions, verified } from "./http.js";
import { cacheOrigin } from "./origin.js";
import { MAX_CONFIG_SIZE, readConfig } from "./read-config.js";
import { writeConfig } from "./write-config.js";

const DEFAULT_TIMEOUT = 600_000;
/** Times that two builds may take each other's number for the index before one gives up. */
const ATTEMPTS = 20;
const READ = 1;
const WRITE = 2;

/**
 * Returns true when there is a cache service here. Without one, as on a laptop, a `type=gha` cache
 * is left out, as buildx does.
 */
export function hasActionsCache(options: GhaOptions, env: Environment): boolean {
  return addressOf(options, env) !== undefined;
}

/** Checks address and token, where there is a service. */
function checkService(options: GhaOptions, env: Environment): void {
  const address = addressOf(options, env);
  if (address === undefined) return;
  UsageError.of(() => {
    if (httpUrl(address.url) === undefined) throw badActionsAddress(address.url);
  });
  scopesOf(address.token);
}

export function ghaSource(options: GhaOptions, http: CacheHttp, env: Environment): CacheSource {
  const { address, cache, scopes } = connect(options, http, env);
  const readable = scopes.filter((scope) => (scope.permission & READ) !== 0);
  return {
    name: `GitHub Actions cache "${options.scope ?? "buildkit"}"`,
    origin: cacheOrigin({ type: "gha" }),
    async load(transfer) {
      const found = await within(timeout(options), transfer, (until) =>
        Promise.all(readable.map(({ scope }) => loadIndex(cache, indexKey(options, scope), until))),
      );
      return joinContents(found.filter((content) => content !== undefined));
    },
    async *blob(descriptor, transfer) {
      const { digest } = descriptor;
      const entry = await cache.find(blobKey(digest), transfer);
      if (!entry) throw layerNotInActions(digest, address);
      yield* verified(cache.read(entry, transfer), descriptor, "GitHub Actions cache");
    },
  };
}

export function ghaTarget(options: GhaOptions, http: CacheHttp, env: Environment): CacheTarget {
  const { cache, scopes } = connect(options, http, env);
  const scope = scopes.findLast(({ permission }) => (permission & WRITE) !== 0)?.scope ?? "";
  const limit = timeout(options);
  return {
    name: "GitHub Actions Cache",
    async put({ descriptor, open }, { onProgress, ...transfer }) {
      const key = blobKey(descriptor.digest);
      await within(limit, transfer, async (until) => {
        if (!(await cache.find(key, until))) await cache.save(key, { size: descriptor.size, open }, until);
      });
      onProgress?.(descriptor.size);
    },
    async finish(content, transfer) {
      const config = writeConfig(content, { annotated: true });
      await within(limit, transfer, (until) => saveIndex(cache, indexKey(options, scope), config, until));
    },
  };
}

async function loadIndex(cache: ActionsCache, key: string, transfer: ServiceOptions): Promise<TransferContent | undefined> {
  const entry = await cache.find(key, transfer);
  const data = entry && (await readEntry(cache, entry, transfer));
  return data && readConfig(data, `config of the GitHub Actions cache ${entry.key}`, () => undefined);
}

async function readEntry(cache: ActionsCache, entry: CacheEntry, transfer: ServiceOptions): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of cache.read(entry, transfer)) {
    size += chunk.length;
    if (size > MAX_CONFIG_SIZE) throw entryTooLarge(entry);
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts);
}

/**
 * Saves the index under the next number, because entries cannot be changed. Readers find the
 * highest number by the common prefix.
 */
async function saveIndex(cache: ActionsCache, key: string, data: Buffer, transfer: ServiceOptions): Promise<void> {
  const body = {
    size: data.length,
    async *open() {
      yield data;
    },
  };
  const latest = await cache.find(`${key}#`, transfer);
  const [, number = "0"] = /#(\d+)$/.exec(latest?.key ?? "") ?? [];
  for (let next = Number(number) + 1; next <= Number(number) + ATTEMPTS; next++) {
    if (await cache.save(`${key}#${next}`, body, transfer)) return;
  }
  throw numbersTaken(key, ATTEMPTS);
}

function connect(options: GhaOptions, http: CacheHttp, env: Environment) {
  const address = addressOf(options, env);
  if (!address) {
    throw noActionsAddress();
  }
  return { address, cache: actionsCache(address, http), scopes: scopesOf(address.token) };
}

function addressOf(options: GhaOptions, env: Environment): ServiceAddress | undefined {
  const token = options.token ?? env["ACTIONS_RUNTIME_TOKEN"];
  const [v1, v2] = [options.url ?? env["ACTIONS_CACHE_URL"], options.urlV2 ?? env["ACTIONS_RESULTS_URL"]];
  const version = options.version ?? (options.urlV2 || parseBoolean(env["ACTIONS_CACHE_SERVICE_V2"] ?? "") === true || !v1 ? 2 : 1);
  const url = version === 2 ? v2 : v1;
  return token && url ? { token, url, version } : undefined;
}

/**
 * Returns the branches that the token opens, from its claims. The service checks the token, not we.
 */
function scopesOf(token: string): readonly { readonly scope: string; readonly permission: number }[] {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as { readonly ac?: unknown };
    const scopes = JSON.parse(String(claims.ac)) as readonly { readonly Scope?: unknown; readonly Permission?: unknown }[];
    return scopes.map(({ Scope, Permission }) => ({ scope: String(Scope), permission: Number(Permission) }));
  } catch (cause) {
    throw badActionsToken(cause);
  }
}

function indexKey(options: GhaOptions, branch: string): string {
  return `index-${options.scope ?? "buildkit"}-1-${digestHex(sha256(branch)).slice(0, 8)}`;
}

function blobKey(digest: Digest): string {
  return `buildkit-blob-1-${digest}`;
}

/** Runs work until it ends, the build is aborted, or the time is over. */
async function within<T>(limit: AbortSignal, transfer: ServiceOptions, work: (until: ServiceOptions) => Promise<T>): Promise<T> {
  try {
    return await work({ ...transfer, signal: AbortSignal.any([transfer.signal, limit]) });
  } catch (error) {
    if (!limit.aborted || transfer.signal.aborted) throw error;
    throw actionsTimeout(error);
  }
}

function timeout(options: GhaOptions): AbortSignal {
  return AbortSignal.timeout(options.timeout ?? DEFAULT_TIMEOUT);
}

export const backend: Backend<GhaOptions, GhaOptions> = {
  source: (options, { http, env }) => (hasActionsCache(options, env) ? ghaSource(options, http, env) : undefined),
  check: checkService,
  target: (options, { http, env }) => (hasActionsCache(options, env) ? ghaTarget(options, http, env) : undefined),
  origin: () => ({}),
};
