import { CanceledError, TsbuildError } from "../../../core/errors.js";
import type { BaseStep, StepInfo } from "../../../core/step.js";
import { suggest } from "../../../core/text/suggest.js";
import { localSource } from "../../../llb/sources/local.js";
import { edge, type VertexMetadata } from "../../../llb/vertex.js";
import { formatPlatform, type Platform } from "../../../oci/platform.js";
import { familiarReference, parseReference, withDefaultTag } from "../../../oci/reference.js";
import type { FrontendPorts, NamedContext, ResolvedImage } from "../../frontend.js";
import * as errors from "../errors/errors.js";
import { emptyImage, imagePlatform, inheritedImage, type StageImage } from "../values/image-config.js";
import { InvalidBaseImagePlatform } from "../lint/rules/invalid-base-image-platform.js";
import { nextPlace } from "../stage/instruction-context.js";
import type { BuildScope } from "../stage/build-scope.js";
import type { StageGraph } from "./stage-graph.js";
import type { StageState } from "../stage/stage-state.js";

interface ResolveContext {
  readonly scope: BuildScope;
  readonly ports: FrontendPorts;
  readonly graph: StageGraph;
}

/** Resolves the bases of stages, all at once. Reports failures; the others go on. */
export async function resolveStages(states: readonly StageState[], context: ResolveContext): Promise<void> {
  const { scope, graph } = context;
  await Promise.all(
    states.map(async (state) => {
      state.resolved = true;
      try {
        await resolveStage(state, context);
        state.baseKnown = true;
      } catch (error) {
        if (!(error instanceof TsbuildError) || error instanceof CanceledError) throw error;
        const ref = state.origin.kind === "image" ? state.origin.ref : "";
        const range = state.node?.base.range ?? state.range;
        const name = ref === "" ? undefined : suggest(ref, graph.names);
        if (name === undefined) scope.report.add(errors.resolveFailed(error.code, error.message, error.hint, range));
        else scope.report.add(errors.resolveFailedNear(error.code, error.message, name, state.node?.base ?? { text: ref, range }));
      }
    }),
  );
}

async function resolveStage(state: StageState, context: ResolveContext): Promise<void> {
  const { origin } = state;
  const platform = state.platform ?? context.scope.targetPlatform;
  switch (origin.kind) {
    case "stage":
      return;
    case "scratch":
      // Scratch has no platform of its own, whatever FROM says.
      state.platform = context.scope.targetPlatform;
      state.image = emptyImage(state.platform);
      return;
    case "context":
      return useNamedContext(state, state.node?.name ?? "", origin.context, platform, context);
    case "image": {
      const reference = withDefaultTag(parseReference(origin.ref));
      // Contexts have names as people write images: without the default registry and tag.
      const name = familiarReference(reference).replace(/:latest$/, "");
      const named = await context.ports.namedContext(name, { platform });
      if (named) return useNamedContext(state, name, named, platform, context);
      const resolved = await context.ports.resolveImage(origin.ref, { platform });
      const shown = context.scope.options.multiPlatform ? formatPlatform(platform) : undefined;
      useImage(state, resolved, { ref: origin.ref, platform, step: () => baseStep(state, resolved, shown) }, context);
    }
  }
}

/**
 * Returns the step of a base image. A stage without steps, such as an image that is copied from,
 * has no place for it.
 */
function baseStep(state: StageState, resolved: ResolvedImage, platform: string | undefined): BaseStep {
  const [ref = "", digest = resolved.digest] = resolved.ref.split("@", 2);
  return { kind: "base", ref, digest, ...(state.stepCount === 0 ? {} : { place: nextPlace(state, platform) }) };
}

async function useNamedContext(
  state: StageState,
  name: string,
  named: NamedContext,
  platform: Platform,
  context: ResolveContext,
): Promise<void> {
  state.contextName = name;
  if (named.kind === "local") {
    const patterns = await context.ports.ignorePatterns(named.name);
    state.platform = platform;
    state.image = emptyImage(platform);
    state.rootfs = localContext(named.name, patterns, context.ports, { step: { kind: "context", name } });
    return;
  }
  if (named.kind === "build") return useBuild(state, named, platform, context);
  if (named.kind === "files") {
    state.platform = platform;
    state.image = emptyImage(platform);
    state.rootfs = named.root;
    return;
  }
  if (named.kind === "image" && named.ref === "scratch") {
    state.platform = platform;
    state.image = emptyImage(platform);
    return;
  }
  const layout = named.kind === "oci-layout" ? { layout: true } : {};
  const resolved = await context.ports.resolveImage(named.ref, { platform, context: name, ...layout });
  const load = named.kind === "image" ? named.ref : "OCI load from client";
  useImage(state, resolved, { ref: named.ref, platform, step: () => ({ kind: "context", name, load }) }, context);
}

function useImage(
  state: StageState,
  resolved: ResolvedImage,
  options: { readonly ref: string; readonly platform: Platform; readonly step: () => StepInfo },
  { scope }: ResolveContext,
): void {
  const { config } = resolved;
  // A stage without a platform adopts that of a single-platform base, unless the user chose one.
  const platform = state.platform || scope.options.platformExplicit ? options.platform : resolved.platform;
  const { rootfs: _rootfs, history = [], created: _created, ...image } = config;
  adoptImage(state, image, { ref: options.ref, platform }, scope);
  state.baseHistory = history;
  if (isEmpty(resolved)) return;
  state.rootfs = edge({
    op: resolved.op,
    platform: formatPlatform(platform),
    metadata: { step: options.step(), source: scope.source, range: state.range },
  });
}

/** Continues the image of another build, as a stage continues an earlier one. */
function useBuild(
  state: StageState,
  { name, image }: Extract<NamedContext, { kind: "build" }>,
  wanted: Platform,
  { scope }: ResolveContext,
): void {
  const platform = state.platform || scope.options.platformExplicit ? wanted : image.platform;
  adoptImage(state, image.config, { ref: name, platform }, scope);
  state.baseHistory = image.baseHistory;
  state.history = [...image.history];
  state.rootfs = image.rootfs;
}

/** Takes the config of a base image, and warns when it is of another platform. */
function adoptImage(
  state: StageState,
  config: StageImage,
  { ref, platform }: { readonly ref: string; readonly platform: Platform },
  scope: BuildScope,
): void {
  state.platform = platform;
  state.image = inheritedImage(config);
  state.triggers = config.config?.OnBuild ?? [];
  const actual = imagePlatform(state.image);
  if (actual && (actual.os !== platform.os || actual.architecture !== platform.architecture)) {
    const args = [ref, formatPlatform(platform), formatPlatform(actual)] as const;
    scope.linter.warn(InvalidBaseImagePlatform, [...args], state.node?.base.range ?? state.range, state.node?.node.comments);
  }
}

/** Returns true for an image without layers, which equals `scratch`. */
function isEmpty({ config }: ResolvedImage): boolean {
  return config.rootfs.diff_ids.length === 0 && (config.history ?? []).every((entry) => entry.empty_layer);
}

/** Returns the source of a directory of the caller. */
export function localContext(
  name: string,
  patterns: readonly string[],
  ports: Pick<FrontendPorts, "localIdentity">,
  metadata: VertexMetadata,
) {
  return edge({ op: localSource(name, patterns, ports.localIdentity?.(name)), metadata });
}
