import { isSecretVariable } from "../../core/text/secret-names.js";
import { platformMembers } from "../../frontend/dockerfile/values/image-config.js";
import { ociTar } from "../../exporters/oci-tar.js";
import { hostPlatform, parsePlatform } from "../../oci/platform.js";
import { finishLayers } from "../build/finish-image.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import type { CommonOptions } from "../options/options.js";
import { withCommandSession } from "../commands/run-on-layers.js";
import { findState, type WantedStep } from "./find-state.js";
import { sessionLayers } from "../commands/session-layers.js";
import type { StepState, StepStateSummary } from "./state.js";
import { STEP_ANNOTATION, stepDocument } from "./step-document.js";

export interface ExportStepOptions extends WantedStep, Pick<CommonOptions, "root" | "signal"> {
  /** File to write. It is replaced once the new one is complete. */
  readonly dest: string;
}

/**
 * Writes the state of a step to a file, which `importStep` reads on another machine: an OCI image
 * of its files, with its command and surroundings. Secrets, variables that look like secrets, and
 * the files of mounts are not in it.
 */
export async function exportStep(options: ExportStepOptions): Promise<StepStateSummary> {
  const { root, signal, dest } = options;
  return await withCommandSession({ root, signal }, async (session) => {
    const service = sessionLayers(session);
    const reporter = quietReporter(session.signal);
    const state = await findState(options, session.store, async (layers) => (await service.overlay(layers, reporter)).lowers);
    const layers = await finishLayers(state.layers, service, {
      mayStayRemote: () => false,
      form: { compression: { type: "gzip" }, force: false },
      signal: session.signal,
    });
    const platform = state.platform === undefined ? hostPlatform() : parsePlatform(state.platform);
    const { args, env, cwd, user } = state.op;
    const config = {
      ...platformMembers(platform),
      config: {
        ...(args.length === 0 ? {} : { Cmd: args }),
        Env: env.filter((variable) => !isSecretVariable(variable)),
        WorkingDir: cwd,
        ...(user === "" ? {} : { User: user }),
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    } as const;
    const annotation = { level: "manifest", platform: undefined, key: STEP_ANNOTATION, value: documentOf(state) } as const;
    await ociTar({ dest }).export(
      { images: [{ platform, config, layers }], names: [], annotations: [annotation] },
      { blobs: session.store.blobs, signal: session.signal, progress: () => {} },
    );
    return state.summary;
  });
}

function documentOf({ summary, op, mounts, secrets, secretEnv }: StepState): string {
  const { network, hostname, extraHosts, ulimits, shmSize } = op;
  return stepDocument({
    name: summary.name,
    ended: summary.failedAt === undefined,
    network,
    ...(hostname === undefined ? {} : { hostname }),
    ...(extraHosts && { extraHosts: [...extraHosts] }),
    ...(ulimits && { ulimits: [...ulimits] }),
    ...(shmSize === undefined ? {} : { shmSize }),
    mounts: [...mounts.map(({ dest }) => dest), ...summary.missing],
    secrets: secrets.flatMap(({ type, ...mount }) => (type === "secret" ? [{ type, ...mount }] : [])),
    secretEnv: [...secretEnv],
  });
}
