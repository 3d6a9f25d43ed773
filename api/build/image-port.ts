import type { EventSink } from "../../core/events.js";
import type { StepInfo } from "../../core/step.js";
import type { FrontendPorts } from "../../frontend/frontend.js";
import { waitsOf } from "../../net/limits.js";
import { formatPlatform } from "../../oci/platform.js";
import { formatReference, tryParseReference, withDefaultTag } from "../../oci/reference.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";
import { ImageResolver } from "../sources/image-resolver.js";

/** The images that a build names: their look-up, shown as steps, and their layers. */
export interface ImagePort {
  readonly resolver: ImageResolver;
  readonly resolveImage: FrontendPorts["resolveImage"];
}

export function imagePort(
  build: Pick<ResolvedBuildOptions, "pull" | "platforms">,
  { store, signal, network }: Pick<Session, "store" | "signal" | "network">,
  onEvent: EventSink,
): ImagePort {
  const resolver = new ImageResolver({
    store,
    signal,
    pull: build.pull,
    registry: () => network.registry(),
    onStale: (message) => onEvent({ type: "warning", diagnostic: { severity: "warning", code: "registry/stale", message } }),
  });
  const severalPlatforms = build.platforms.length > 1;
  return {
    resolver,
    resolveImage: (ref, options) => {
      const internal: StepInfo = {
        kind: "internal",
        text: `load metadata for ${displayName(ref)}`,
        ...(severalPlatforms ? { platform: formatPlatform(options.platform) } : {}),
      };
      // A layout is read here: the step of its context shows the time that its layers take.
      const { context: name } = options;
      const named: StepInfo | undefined = name === undefined ? undefined : { kind: "context", name, load: `load metadata for ${ref}` };
      return runAsStep(options.layout ? internal : (named ?? internal), onEvent, (step) =>
        resolver.resolve(ref, { ...options, onWait: waitsOf(step) }),
      );
    },
  };
}

/**
 * Returns an image's full name, as BuildKit shows it. Returns other text unchanged, for the error
 * to come.
 */
function displayName(ref: string): string {
  const reference = tryParseReference(ref);
  return reference ? formatReference(withDefaultTag(reference)) : ref;
}
