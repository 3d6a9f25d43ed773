import { hostname } from "node:os";
import { Builder, type SolveRequest } from "../../solver/buildkit/builder.js";
import { type BuilderList, parseBuilders } from "../../solver/buildkit/address/parse-address.js";
import { RpcError, STATUS } from "../../solver/buildkit/grpc/status.js";
import { badResult } from "../../solver/buildkit/errors.js";
import { readFailure } from "../../solver/buildkit/messages/failure.js";
import { entrustedMethods } from "../../solver/buildkit/session/entrusted.js";
import { newId } from "../../solver/buildkit/session/session.js";
import { type ContentPort, contentMethods } from "../../solver/buildkit/transfer/content.js";
import { type SyncCount, syncFiles } from "../../solver/buildkit/transfer/sync-files.js";
import type { Digest } from "../../core/digest.js";
import { sha256 } from "../../core/digest.js";
import { type TsbuildError, throwIfAborted } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { isEntitlement } from "../../llb/entitlements.js";
import { localOf } from "../../llb/sources/source.js";
import { type Rootfs, topological } from "../../llb/vertex.js";
import { writeDefinition } from "../../llb/wire/write/write-definition.js";
import { formatPlatform, type Platform } from "../../oci/platform.js";
import { dockerCredentials } from "../../oci/registry/credentials.js";
import { requireEntitlements } from "../../solver/entitlements.js";
import type { Secrets, SourceImage, Sources } from "../../solver/ports.js";
import { SCRATCH, type StepResult } from "../../solver/result.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";
import { exportedCaches, importedCaches } from "./cache-entries.js";
import { noBuilder, notRemote } from "./errors.js";
import { LocalCaches } from "./local-caches.js";
import { offeredDirectories, type NamedDirectory } from "./offered-files.js";
import { RemoteSteps } from "./remote-steps.js";
import { baseLayers, resultOf, resultStore } from "./result-layers.js";
import { IMAGES_STORE, sessionSources as sourcesOf, wireName } from "./session-sources.js";

/** A graph that is solved for a platform. */
export interface RemoteTarget {
  readonly root: Rootfs;
  readonly platform: Platform;
  /** Layers that the graph makes, without those of its base image. */
  readonly made: number;
  /** True for an image, whose steps belong into the caches that are written. */
  readonly isImage: boolean;
}

export interface BuildersOptions {
  readonly build: ResolvedBuildOptions;
  readonly session: Pick<Session, "store" | "signal">;
  readonly secrets: Secrets;
  readonly sources: Sources;
  /** Base images that the frontend asked for. */
  readonly images: Iterable<SourceImage>;
  /** Identity of the main context among those of this machine. */
  readonly context: string | undefined;
  /** Seconds since the epoch to which times in layers are clamped. */
  readonly epoch: number | undefined;
  readonly onEvent: EventSink;
}

/**
 * Solves graphs on the builders of a build, each on that of its platform. Returns the root
 * filesystems, in order: the layers are in the store, or still where base images have them.
 */
export async function solveOnBuilders(targets: readonly RemoteTarget[], options: BuildersOptions): Promise<readonly StepResult[]> {
  const { build, session, onEvent } = options;
  if (build.cacheTo.length > 0 && targets.filter(({ isImage }) => isImage).length > 1)
    throw notRemote("--cache-to for several platforms", "each would write over the cache of the one before");
  requireRemote(
    build,
    targets.map(({ root }) => root),
  );
  const lists = build.builders.map((text) => parseBuilders(text, process.env));
  requireEntitlements(topological(targets.map(({ root }) => root)), build.granted);
  const groups = new Map<BuilderList, number[]>();
  for (const [index, { platform }] of targets.entries()) {
    const list = listFor(platform, lists);
    groups.set(list, [...(groups.get(list) ?? []), index]);
  }
  const steps = new RemoteSteps(onEvent);
  steps.announce(targets.map(({ root }) => root));
  const results: StepResult[] = targets.map(() => SCRATCH);
  try {
    await allOrAbort(session.signal, (signal) =>
      Array.from(groups, async ([list, indexes]) => {
        const own = indexes.map((index) => targets[index] as RemoteTarget).filter(({ root }) => root !== undefined);
        if (own.length === 0) return;
        const solved = await solveTogether(list, own, { ...options, steps, signal });
        for (const index of indexes) results[index] = solved.get(targets[index] as RemoteTarget) ?? SCRATCH;
      }),
    );
  } catch (error) {
    steps.stopped();
    throw error;
  }
  steps.succeeded();
  return results;
}

/** Throws `builder/unsupported` for what only this machine can do. */
function requireRemote({ services, limits, freshMounts, proxyNetwork }: ResolvedBuildOptions, roots: readonly Rootfs[]): void {
  if (services.length > 0) throw notRemote("--service", "services run beside the steps");
  if (proxyNetwork) throw notRemote("--proxy-network", "the builder says itself whether its steps have a proxy");
  if (limits !== undefined) throw notRemote("limits of steps", "the builder has its own");
  if (freshMounts) throw notRemote("--no-cache=mounts", "cache mounts stay with the builder");
  for (const { op } of topological(roots)) {
    if (op.kind !== "exec") continue;
    if (op.devices) throw notRemote("RUN --device", "the devices are those of this machine");
    if (op.mounts.some((mount) => mount.type === "bind" && mount.host !== undefined))
      throw notRemote("a context host:NAME", "the directory is on this machine");
  }
}

/** Returns the builders for a platform. */
function listFor(platform: Platform, lists: readonly BuilderList[]): BuilderList {
  const name = formatPlatform(platform);
  const found = lists.find((list) => list.platform === name) ?? lists.find((list) => list.platform === undefined);
  if (!found)
    throw noBuilder(
      name,
      lists.flatMap((list) => list.platform ?? []),
    );
  return found;
}

interface TogetherOptions extends BuildersOptions {
  readonly steps: RemoteSteps;
  readonly signal: AbortSignal;
}

/** Solves targets on one builder, in one session. */
async function solveTogether(
  list: BuilderList,
  targets: readonly RemoteTarget[],
  options: TogetherOptions,
): Promise<ReadonlyMap<RemoteTarget, StepResult>> {
  const { signal, onEvent } = options;
  const connected = await Builder.connect(list.builders, signal, (error) =>
    onEvent({ type: "warning", diagnostic: { severity: "warning", code: "builder/skipped", message: error.message } }),
  );
  return await withResource(connected, (builder) => solveOn(builder, targets, options));
}

/** Solves targets on a builder that is connected. */
async function solveOn(
  builder: Builder,
  targets: readonly RemoteTarget[],
  options: TogetherOptions,
): Promise<ReadonlyMap<RemoteTarget, StepResult>> {
  const { build, session, steps, signal, images, epoch } = options;
  const id = newId();
  const base = baseLayers(images);
  const own = new OwnImages(session.store.blobs);
  const roots = targets.map(({ root }) => root);
  const found = await imagesOf(roots, options);
  const sources = sourcesOf(roots, {
    session: id,
    images: build.pull === true ? "pull" : undefined,
    image: (_op, vertex) => found.get(vertex.digest),
    onOwnImage: (image) => own.add(image),
  });
  const definitions = new Map(
    targets.map((target) => [target, writeDefinition(target.root, { platform: formatPlatform(target.platform) }, sources)] as const),
  );
  for (const [{ root }, { written }] of definitions) steps.learn(root, written);
  const caches = new LocalCaches(signal);
  const request = requestFor(options, { near: builder.road.near, epoch });
  const Imports = importedCaches(build.cacheFrom, caches);
  const Exports = await exportedCaches(build.cacheTo, caches);
  const count: SyncCount = { offered: 0, sent: 0, bytes: 0 };
  builder.openSession(id, {
    signal,
    sharedKey: sha256(`${hostname()} ${options.context ?? ""}`).slice("sha256:".length),
    methods: [
      syncFiles(offeredDirectories(await directoriesOf(roots, options)), count),
      ...contentMethods(
        new Map<string, ContentPort>([
          ["export", resultStore(session.store, base, signal)],
          [`oci:${IMAGES_STORE}`, own.port()],
          ...caches.stores,
        ]),
      ),
      ...entrustedMethods({
        secret: (secret) => options.secrets.value(secret),
        agent: (agent) => options.secrets.agent(agent),
        credentials: (host) => credentialsOf(host, signal),
      }),
    ],
  });
  const results = await allOrAbort(signal, (until) =>
    Array.from(definitions, async ([target, { bytes }]) => {
      try {
        const attributes = await builder.solve(
          { ...request, Definition: bytes, Cache: { Imports, Exports: target.isImage ? Exports : [] } },
          { signal: until, onStatus: (status) => steps.onStatus(status) },
        );
        if (target.isImage) await caches.finish(attributes);
        return [target, resultOf(attributes, target, session.store, base)] as const;
      } catch (error) {
        throwIfAborted(until);
        if (!(error instanceof RpcError)) throw error;
        throw steps.failure(refusalOf(error), error.text, readFailure(error.details));
      }
    }),
  );
  return new Map(results);
}

/**
 * Returns the error of a builder that has no exporter of images, as an engine without containerd's.
 */
function refusalOf(error: RpcError): TsbuildError {
  if (error.status === STATUS.UNKNOWN && /exporter "?oci"? (could not be found|not found)/.test(error.text))
    return badResult("this engine cannot send images; it needs the containerd image store", error);
  return error;
}

/** Returns the parts of a request that all targets share. */
function requestFor(
  { build }: BuildersOptions,
  { near, epoch }: { readonly near: boolean; readonly epoch: number | undefined },
): SolveRequest {
  // Bytes that stay on this machine are compressed here, by several threads.
  const attributes = new Map([
    ["tar", "false"],
    ["oci-mediatypes", "true"],
    ["compression", near ? "uncompressed" : "gzip"],
    ...(epoch === undefined
      ? []
      : ([
          ["source-date-epoch", String(epoch)],
          ["rewrite-timestamp", "true"],
        ] as const)),
  ]);
  return {
    ExporterDeprecated: "oci",
    ExporterAttrsDeprecated: attributes,
    Exporters: [{ Type: "oci", Attrs: attributes }],
    Entitlements: build.allow.filter(isEntitlement),
  };
}

/** Returns the directories that graphs read. */
async function directoriesOf(roots: readonly Rootfs[], { sources }: BuildersOptions): Promise<readonly NamedDirectory[]> {
  const found = new Map<string, NamedDirectory>();
  for (const { op } of topological(roots)) {
    const local = localOf(op);
    if (!local) continue;
    const tree = await sources.local(local);
    const { excludePatterns } = local;
    found.set(JSON.stringify([wireName(local), excludePatterns]), { name: wireName(local), excludePatterns, tree: () => tree });
  }
  return [...found.values()];
}

/** Returns the images of the graphs' sources by the digests of their vertices. */
async function imagesOf(roots: readonly Rootfs[], { sources }: BuildersOptions): Promise<ReadonlyMap<string, SourceImage>> {
  const found = new Map<string, SourceImage>();
  for (const { op, digest, platform } of topological(roots)) {
    if (op.kind === "source" && /^(docker-image|oci-layout):/.test(op.identifier)) found.set(digest, await sources.image(op, platform));
  }
  return found;
}

/** Images that only this machine has: a builder may read their blobs. */
class OwnImages {
  readonly #blobs: Session["store"]["blobs"];
  readonly #readable = new Map<Digest, number>();

  constructor(blobs: Session["store"]["blobs"]) {
    this.#blobs = blobs;
  }

  add({ layers, documents = [] }: SourceImage): void {
    for (const { digest, size } of [...documents, ...layers.map(({ blob }) => blob)]) this.#readable.set(digest, size);
  }

  port(): ContentPort {
    return {
      size: (digest) => this.#readable.get(digest),
      has: () => false,
      open: (digest) => this.#blobs.open(digest),
    };
  }
}

/**
 * Returns the login of a registry for a builder, which asks by the name of the host that it
 * connects to.
 */
async function credentialsOf(
  host: string,
  signal: AbortSignal,
): Promise<{ readonly username: string; readonly secret: string } | undefined> {
  const found = await dockerCredentials(process.env).find(host === "registry-1.docker.io" ? "docker.io" : host, { signal });
  if (!found) return undefined;
  return found.kind === "basic" ? { username: found.username, secret: found.password } : { username: "", secret: found.token };
}
