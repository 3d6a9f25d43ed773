import type { EventSink } from "../../core/events.js";
import type { Platform } from "../../oci/platform.js";
import type { ContainerConfig } from "../../oci/types.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import type { OverlayStack } from "../../solver/layers/overlay-stack.js";
import type { Stack } from "../../solver/layers/ports.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";

/** Everything of an image that a command needs. */
export interface ImageRoot {
  /** Name for messages. */
  readonly name: string;
  readonly config: ContainerConfig;
  readonly platform: Platform;
  readonly stack: Stack;
  readonly layers: LayerService;
}

/** Unpacks the layers of an image; the step is shown only when something is to be done. */
export async function unpacked(
  { stack, layers }: ImageRoot,
  { store, signal }: Pick<Session, "store" | "signal">,
  onEvent: EventSink,
  text = "unpack the image",
): Promise<OverlayStack> {
  if (stack.every((id) => store.layers.get(id)?.unpacked === true)) return await layers.overlay(stack, quietReporter(signal));
  return await runAsStep({ kind: "internal", text }, onEvent, ({ progress }) => layers.overlay(stack, { signal, progress }));
}
