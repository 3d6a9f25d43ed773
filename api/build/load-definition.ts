import { stepName } from "../../core/step.js";
import type { EventSink } from "../../core/events.js";
import type { FrontendResult, HistoryEntry } from "../../frontend/frontend.js";
import { emptyImage, finishedImage } from "../../frontend/dockerfile/values/image-config.js";
import type { ExecOp, Op, SourceOp } from "../../llb/ops.js";
import { imageOf, localOf } from "../../llb/sources/source.js";
import { type Rootfs, topological, type Vertex } from "../../llb/vertex.js";
import { mapVertices } from "../../llb/map-vertices.js";
import { readDefinition } from "../../llb/wire/read/read-definition.js";
import { parsePlatform, type Platform } from "../../oci/platform.js";
import type { History } from "../../oci/types.js";
import { contextKind } from "../options/context-kind.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";
import { BuildContexts } from "../sources/build-contexts.js";
import { contextDirectory } from "../sources/local-context.js";
import type { BuildInput } from "./build-input.js";
import { definitionDirectory, definitionOfOnePlatform, definitionWithOthers, definitionWithout } from "./errors.js";
import type { JoinedTarget } from "./joined-graph.js";
import { imagePort } from "./image-port.js";

/** Options that say something of a Dockerfile, and nothing of a definition. */
const OF_DOCKERFILES = ["dockerfile", "target", "provenance", "sbom", "extraHosts", "shmSize", "ulimits"] as const;

/**
 * Reads a definition that was made elsewhere. Nothing of it is trusted: directories are those that
 * the caller names, and the rights of steps those that the caller grants.
 */
export async function loadDefinition(
  bytes: Uint8Array,
  { build, target }: { readonly build: ResolvedBuildOptions; readonly target: JoinedTarget | undefined },
  session: Pick<Session, "store" | "signal" | "workers" | "network">,
  onEvent: EventSink,
): Promise<BuildInput> {
  if (target) throw definitionWithOthers();
  for (const name of OF_DOCKERFILES) if (isGiven(build[name])) throw definitionWithout(name);
  if (typeof build.noCache === "object" && build.noCache.length > 0) throw definitionWithout("noCacheFilter");
  const [platform, ...others] = build.platforms;
  if (platform === undefined || others.length > 0) throw definitionOfOnePlatform();
  const root = readDefinition(bytes);
  const contexts = new BuildContexts({
    main: build.client ? undefined : mainDirectory(build.context),
    named: build.buildContexts,
    dockerfile: undefined,
    store: session.store,
    hashFiles: session.workers.hashFiles,
    client: build.client,
  });
  const order = topological([root]);
  for (const { op } of order) {
    const local = localOf(op);
    if (local && !contexts.takeDirectory(local.name)) throw definitionDirectory(local.name);
  }
  const { resolver, resolveImage } = imagePort(build, session, onEvent);
  return {
    contexts,
    resolver,
    resolveImage,
    file: undefined,
    hasCommands: order.some(({ op }) => op.kind === "exec"),
    compile: async () => {
      const histories = new Map<SourceOp, readonly History[]>();
      const pinned = await mapVertices(root, async (before) => {
        const metadata =
          build.noCache === true ? { ...before.metadata, ignoreCache: true, ignoreReason: "--no-cache was given" } : before.metadata;
        const image = imageOf(before.op);
        if (!image) return { ...before, op: withNetwork(before.op, build.network), metadata };
        const wanted = before.platform === undefined ? platform : parsePlatform(before.platform);
        const resolved = await resolveImage(image.ref, { platform: wanted });
        histories.set(resolved.op, resolved.config.history ?? []);
        return { ...before, op: resolved.op, metadata };
      });
      return resultOf(pinned, { platform, build, histories });
    },
  };
}

/** Returns a command that asks for no network with that of the build, as for a Dockerfile. */
function withNetwork(op: Op, network: ExecOp["network"]): Op {
  return op.kind === "exec" && op.network === "default" ? { ...op, network } : op;
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** Returns the directory of the context. A definition names repositories and downloads itself. */
function mainDirectory(context: ResolvedBuildOptions["context"]): string | undefined {
  if (typeof context !== "string") return undefined;
  const kind = contextKind(context);
  if (typeof kind === "string" || kind.kind !== "directory") throw definitionWithout("context");
  return contextDirectory(kind.path);
}

interface ResultParts {
  /** Platform of a definition that names none. */
  readonly platform: Platform;
  readonly build: Pick<ResolvedBuildOptions, "labels" | "buildArgs">;
  readonly histories: ReadonlyMap<SourceOp, readonly History[]>;
}

/** Returns the result as BuildKit makes an image of a definition: it knows of no config. */
function resultOf(rootfs: Rootfs, { platform: fallback, build, histories }: ResultParts): FrontendResult {
  const { steps, base } = stackOf(rootfs);
  const epoch = build.buildArgs["SOURCE_DATE_EPOCH"] ?? "";
  const platform = platformOf(rootfs) ?? fallback;
  const history = steps.map(({ metadata: { step } }): HistoryEntry => ({ created_by: stepName(step), comment: COMMENT, layer: true }));
  return {
    rootfs,
    config: finishedImage(emptyImage(platform), { labels: build.labels, platform: undefined }),
    baseHistory: base?.op.kind === "source" ? (histories.get(base.op) ?? []) : [],
    history,
    platform,
    stages: [],
    scanTargets: [],
    warnings: [],
    ...(/^\d+$/.test(epoch) ? { sourceDateEpoch: Number(epoch) } : {}),
  };
}

/** Comment of a layer's line in the history; BuildKit's. */
const COMMENT = "buildkit.exporter.image.v0";

/** Returns the operations that add one layer each, bottom first, and the vertex below them. */
function stackOf(rootfs: Rootfs): { readonly steps: readonly Vertex[]; readonly base: Vertex | undefined } {
  const { steps, base } = chainOf(rootfs?.vertex);
  if (base?.op.kind !== "merge") return { steps, base };
  const [lowest, ...others] = base.inputs.map(({ vertex }) => vertex);
  const upper = others.map(chainOf);
  // The layers of an upper part are known when it begins with the empty filesystem.
  if (!upper.every((part) => part.base === undefined)) return { steps, base };
  const below = chainOf(lowest);
  return { steps: [...below.steps, ...upper.flatMap((part) => part.steps), ...steps], base: below.base };
}

/** Returns commands and actions on files that follow each other, bottom first. */
function chainOf(top: Vertex | undefined): { readonly steps: readonly Vertex[]; readonly base: Vertex | undefined } {
  const steps: Vertex[] = [];
  for (let at = top; ; ) {
    const index = at === undefined ? undefined : changedInput(at.op);
    if (at === undefined || index === undefined) return { steps: steps.reverse(), base: at };
    steps.push(at);
    at = at.inputs[index]?.vertex;
  }
}

/** Returns the input whose files an operation changes, -1 for none; undefined for other kinds. */
function changedInput(op: Op): number | undefined {
  if (op.kind === "file") return op.actions[0]?.input;
  if (op.kind !== "exec") return undefined;
  const root = op.mounts.find(({ dest }) => dest === "/");
  return root?.type === "bind" ? root.input : undefined;
}

/** Returns the platform of the nearest operation that has one. */
function platformOf(rootfs: Rootfs): Platform | undefined {
  const found = topological([rootfs]).findLast(({ platform }) => platform !== undefined)?.platform;
  return found === undefined ? undefined : parsePlatform(found);
}
