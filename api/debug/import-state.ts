import type { Readable } from "node:stream";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { formatPlatform } from "../../oci/platform.js";
import { failedSteps, keepStep } from "../../solver/ops/failed-step.js";
import { takeImages } from "../image-store/load.js";
import type { CommonOptions } from "../options/options.js";
import { withCommandSession } from "../commands/run-on-layers.js";
import { badState } from "./errors.js";
import { findState } from "./find-state.js";
import type { StepStateSummary } from "./state.js";
import { importedCommand, readStepDocument, STEP_ANNOTATION } from "./step-document.js";

/** An imported step. */
export interface ImportedStep extends StepStateSummary {
  /** Id that stands for its build in `debug`. */
  readonly build: string;
}

/**
 * Takes the state of a step that `exportStep` wrote into the store, in the place of a build of its
 * own. The file may come from anybody: its layers have the limits of images, and the step gets no
 * right that a step of this machine does not have by itself.
 */
export async function importStep(source: string | Readable, options: Pick<CommonOptions, "root" | "signal"> = {}): Promise<ImportedStep> {
  return await withCommandSession(options, async ({ store, signal }) => {
    const taken = await takeImages(source, store, { signal });
    const [image, other] = taken.flatMap(({ complete }) => complete.images);
    if (!image || other) throw badState("it is not one image");
    const { manifest, config, platform, descriptor } = image;
    const json = manifest.annotations?.[STEP_ANNOTATION];
    if (json === undefined) throw badState("it is an image, and no step");
    const document = readStepDocument(json);
    const layers = manifest.layers.map((blob, index) => {
      if (!store.blobs.has(blob.digest)) throw badState(`layer ${index + 1} is not in it`);
      return store.layers.addRemote({ diffId: config.rootfs.diff_ids[index] as Digest, blob, origin: undefined }).id;
    });
    const build = `imported-${descriptor.digest.slice("sha256:".length).slice(0, 8)}`;
    const { name, ended, mounts, secrets, secretEnv } = document;
    keepStep(
      {
        digest: descriptor.digest,
        name,
        build,
        at: Date.now(),
        op: importedCommand(document, config.config ?? {}),
        platform: formatPlatform(platform),
        mounts: [],
        secrets,
        secretEnv,
        imported: { ended, mounts },
      },
      layers,
      store,
    );
    return await summaryOf(build, store);
  });
}

async function summaryOf(build: string, store: Store): Promise<ImportedStep> {
  if (!failedSteps(store.memo).some((step) => step.build === build)) throw badState("it could not be kept");
  const { summary } = await findState({ build }, store, () => Promise.reject(new Error("internal: an imported step has no mounts")));
  return { ...summary, build };
}
