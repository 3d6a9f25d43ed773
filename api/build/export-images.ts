import type { EventSink } from "../../core/events.js";
import type { ExportRequest, ExportResult } from "../../exporters/exporter.js";
import { pushes, stores } from "../options/output-types.js";
import type { ImageForm, Output, PushForm } from "../options/options.js";
import type { ResolvedOutput } from "../options/resolve-outputs.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";
import type { Built } from "./build-images.js";
import { type ExporterSession, exportersFor, formKey } from "./outputs.js";

/** Exports to every output, one after the other, because they mostly wait for the same disk. */
export async function exportAll(
  outputs: readonly ResolvedOutput[],
  built: Built,
  session: ExporterSession & Pick<Session, "signal">,
  onEvent: EventSink,
): Promise<(ExportResult & { readonly type: Output["type"] })[]> {
  const results: (ExportResult & { readonly type: Output["type"] })[] = [];
  for (const resolved of outputs) {
    const { output, names } = resolved;
    const request = exportRequest(built, resolved);
    let result: ExportResult = { metadata: {} };
    for (const exporter of await exportersFor(output, session, names)) {
      result = await runAsStep({ kind: "export", text: exporter.name }, onEvent, (step) =>
        exporter.export(request, { blobs: session.store.blobs, signal: session.signal, progress: step.progress }),
      );
    }
    if ("unpack" in output && output.unpack) await unpack(built.solved, session.signal, onEvent);
    results.push({ type: output.type, ...result });
  }
  return results;
}

function exportRequest(built: Built, { output, names, annotations, form }: ResolvedOutput): ExportRequest {
  const other = form && built.otherForms.get(formKey(form));
  const images = pushes(output) || stores(output) ? built.images : withoutInline(built.images);
  const { ociMediaTypes, danglingNamePrefix } = output as Partial<ImageForm & PushForm>;
  return {
    images: other ? images.map((image, index) => ({ ...image, layers: other[index] ?? image.layers })) : images,
    names,
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(ociMediaTypes === undefined ? {} : { mediaTypes: ociMediaTypes ? "oci" : "docker" }),
    ...(danglingNamePrefix === undefined ? {} : { danglingPrefix: danglingNamePrefix }),
    ...(built.epoch === undefined ? {} : { epoch: built.epoch }),
  };
}

/** Returns the images without the attestations of images that go to the store or a registry. */
function withoutInline(images: Built["images"]): Built["images"] {
  return images.map(({ attestations = [], ...image }) => ({
    ...image,
    attestations: attestations.filter(({ inlineOnly }) => inlineOnly !== true),
  }));
}

/** Unpacks the layers of the images, each once. */
async function unpack({ stacks, layers }: Built["solved"], signal: AbortSignal, onEvent: EventSink): Promise<void> {
  await runAsStep({ kind: "export", text: "unpacking the image" }, onEvent, async ({ progress }) => {
    for (const id of new Set(stacks.flat())) await layers.snapshot(id, { signal, progress });
  });
}
