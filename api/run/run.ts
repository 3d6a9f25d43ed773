import type { EventSink } from "../../core/events.js";
import { readAuthorities } from "../options/authorities.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";
import { type ImageRoot, imageRoot } from "./image-root.js";
import { runOnLayers, withCommandSession } from "./run-on-layers.js";
import { checkRunOptions, type RunExit, type RunOptions } from "./run-options.js";
import { runSpec } from "./run-spec.js";

/**
 * Runs one command in an image, in the sandbox of RUN steps, and resolves with its exit. Changes
 * of its root file system are thrown away. An abort of `signal` kills it, and rejects.
 */
export async function run(options: RunOptions): Promise<RunExit> {
  checkRunOptions(options);
  const { root = options.build?.root, signal, isolation, build, network } = options;
  const given = { root, signal, isolation, authorities: readAuthorities(build?.ca ?? []) };
  return await withCommandSession(given, async (session) => {
    const onEvent: EventSink = (event) => options.onEvent?.(event);
    const image = await imageRoot(options, session, onEvent);
    const layers = await unpacked(image, session, onEvent);
    return await runOnLayers({ layers, network, spec: (place) => runSpec(options, image, place), io: options }, session);
  });
}

/** Unpacks the layers of an image; the step is shown only when something is to be done. */
async function unpacked({ stack, layers }: ImageRoot, { store, signal }: Session, onEvent: EventSink) {
  const quiet = { signal, progress: () => {} };
  if (stack.every((id) => store.layers.get(id)?.unpacked === true)) return await layers.overlay(stack, quiet);
  return await runAsStep({ kind: "internal", text: "unpack the image" }, onEvent, ({ progress }) =>
    layers.overlay(stack, { signal, progress }),
  );
}
