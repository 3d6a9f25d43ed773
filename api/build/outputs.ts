import { parseCacheOrigin } from "../../cache/remote/origin.js";
import type { Exporter } from "../../exporters/exporter.js";
import { parseReference } from "../../oci/reference.js";
import { type ImageOutput, isImage, type Output, pushes, stores, typeOf } from "../options/output-types.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { BlobForm, ResolvedOutput } from "../options/resolve-outputs.js";
import type { Session } from "../session/session.js";

/** The parts of a session that exporters use. */
export type ExporterSession = Pick<Session, "store" | "network">;

/** The images that the outputs of a build want. */
export interface WantedImages {
  /** Forms of the layers. The first is the one that the build itself makes. */
  readonly forms: readonly [BlobForm, ...BlobForm[]];
  /** True when some output is an image; otherwise only the files are wanted. */
  readonly image: boolean;
  /** Returns true when a remote layer may stay at its `origin`. */
  readonly mayStayRemote: (origin: string) => boolean;
}

/** The form of an image of which only the files are wanted. */
const FILES: WantedImages["forms"] = [{ compression: { type: "uncompressed" }, force: false }];

/** Returns what the outputs want. A scanner of our own reads every layer. */
export function wantedImages({ outputs, sbom }: Pick<ResolvedBuildOptions, "outputs" | "sbom">): WantedImages {
  const reads = sbom !== undefined && sbom.generator === undefined;
  return {
    forms: blobForms(outputs),
    image: outputs.some(({ form }) => form !== undefined),
    mayStayRemote: reads ? () => false : mayStayRemote(outputs),
  };
}

/**
 * Returns a predicate of the origins at which a remote layer may stay: all of them when no output
 * holds layers, else the one registry to which every output with layers pushes. A registry can
 * mount a layer from one of its repositories into another.
 */
function mayStayRemote(outputs: readonly ResolvedOutput[]): (origin: string) => boolean {
  const holding = outputs.filter(({ output }) => typeOf(output).holds !== "nothing");
  if (holding.length === 0) return () => true;
  const registries = new Set<string>();
  for (const { output, names } of holding) {
    if (!pushes(output) || stores(output)) return () => false;
    for (const name of names) registries.add(parseReference(name).registry);
  }
  return (origin) => !parseCacheOrigin(origin) && [...registries].every((registry) => registry === parseReference(origin).registry);
}

/**
 * Returns the forms of layers that the outputs need, each once. The first is the one to which the
 * build compresses its layers while it runs: gzip for images by default, none where only the files
 * are wanted.
 */
function blobForms(outputs: readonly ResolvedOutput[]): readonly [BlobForm, ...BlobForm[]] {
  const forms = outputs.flatMap(({ output, form }) =>
    form === undefined ? [] : [{ form, explicit: isImage(output) && saysForm(output) }],
  );
  const ordered = [...forms.filter(({ explicit }) => explicit), ...forms.filter(({ explicit }) => !explicit)];
  const [first, ...others] = new Map(ordered.map(({ form }) => [formKey(form), form])).values();
  return first === undefined ? FILES : [first, ...others];
}

export function formKey({ compression, force }: BlobForm): string {
  return `${compression.type} ${compression.level ?? ""} ${force}`;
}

function saysForm({ compression, compressionLevel }: ImageOutput): boolean {
  return compression !== undefined || compressionLevel !== undefined;
}

/**
 * Returns the exporters for an output, in the order in which they run. The code of an exporter is
 * loaded for its output only.
 */
export function exportersFor(output: Output, { store, network }: ExporterSession, names: readonly string[]): Promise<readonly Exporter[]> {
  const context = {
    store,
    registry: () => network.registry(),
    insecureRegistry: (hosts: readonly string[]) => network.insecureRegistry(hosts),
  };
  return typeOf(output).open(output, context, names);
}
