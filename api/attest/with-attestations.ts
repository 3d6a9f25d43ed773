import type { EventSink } from "../../core/events.js";
import type { ExportContext, ExportImage } from "../../exporters/exporter.js";
import type { AttestedImages, AttestOptions } from "./attest-images.js";

/** Sources of what is said about images; undefined where nothing is. */
interface Wanted extends Omit<AttestOptions, "sources"> {
  readonly sources: AttestOptions["sources"] | undefined;
}

/** Returns the images with the attestations that the build asks for, whose code is loaded then. */
export async function withAttestations(
  images: readonly ExportImage[],
  { sources, ...options }: Wanted,
  context: Omit<ExportContext, "progress">,
  onEvent: EventSink,
): Promise<AttestedImages> {
  if (sources === undefined) return { images };
  const { attestImages } = await import("./attest-images.js");
  return attestImages(images, { sources, ...options }, context, onEvent);
}
