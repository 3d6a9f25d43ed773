import { randomUUID } from "node:crypto";
import type { EventSink } from "../../core/events.js";
import type { Attestation, ExportContext, ExportImage } from "../../exporters/exporter.js";
import type { Rootfs } from "../../llb/vertex.js";
import { formatPlatform, normalizePlatform } from "../../oci/platform.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { runAsStep } from "../record/build-steps.js";
import type { MaterialPorts } from "./materials.js";
import type { Invocation } from "./parameters.js";

/** Sources of attestations beside the images themselves. */
export interface AttestationSources {
  /** Root filesystems of the images in the graph. */
  readonly roots: readonly Rootfs[];
  readonly invocation: Invocation;
  readonly ports: MaterialPorts;
  /** Statements about each image by a scanner, or about the filesystems beside it. */
  readonly scans: readonly (readonly Attestation[])[];
}

export interface AttestOptions {
  readonly build: Pick<ResolvedBuildOptions, "provenance" | "sbom" | "names">;
  readonly sources: AttestationSources;
  /** Id of the build's record; undefined for a build without one. */
  readonly id: string | undefined;
  /** Milliseconds since the epoch when it began. */
  readonly started: number;
  readonly epoch: number | undefined;
  /** True when some output is an image. */
  readonly image: boolean;
}

/** Images with their attestations, and their provenance by platform. */
export interface AttestedImages {
  readonly images: readonly ExportImage[];
  readonly provenance?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Adds the attestations that the build asks for. */
export async function attestImages(
  images: readonly ExportImage[],
  options: AttestOptions,
  context: Omit<ExportContext, "progress">,
  onEvent: EventSink,
): Promise<AttestedImages> {
  const { build, sources, started, epoch, id = randomUUID() } = options;
  const provenance: Record<string, Readonly<Record<string, unknown>>> = {};
  const attested: ExportImage[] = [];
  for (const [index, image] of images.entries()) {
    const platform = formatPlatform(normalizePlatform(image.platform));
    const attestations: Attestation[] = [...(sources.scans[index] ?? [])];
    if (build.sbom !== undefined && build.sbom.generator === undefined) {
      const named = images.length > 1 ? { platform } : {};
      const scan = await runAsStep({ kind: "internal", text: "generating sbom", ...named }, onEvent, (step) =>
        ownScan(image, build.names[0] ?? "image", epoch, { ...context, progress: step.progress }),
      );
      attestations.unshift(scan);
    }
    if (build.provenance !== undefined) {
      const { provenanceOf } = await import("./provenance.js");
      const layers = options.image ? image.layers.map(({ blob }) => blob) : [];
      const times = { started, finished: Date.now() };
      const subject = { invocation: sources.invocation, rootfs: sources.roots[index], platform: image.platform, layers, id, ...times };
      const made = await provenanceOf(subject, build.provenance, sources.ports);
      provenance[platform] = made.predicate;
      const { filename = "provenance.json", inlineOnly = false } = build.provenance;
      attestations.push({ ...made, filename, inlineOnly });
    }
    attested.push({ ...image, attestations });
  }
  return { images: attested, ...(build.provenance && { provenance }) };
}

/** Returns the list of the packages in an image that the scanner of our own finds. */
async function ownScan(image: ExportImage, name: string, epoch: number | undefined, context: ExportContext): Promise<Attestation> {
  const [{ scanPackages }, { packagesStatement }] = await Promise.all([import("./scan-packages.js"), import("./spdx.js")]);
  return packagesStatement(await scanPackages(image, context), { name, filename: "sbom.spdx.json", epoch });
}
