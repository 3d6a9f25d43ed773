import type { Readable } from "node:stream";
import type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
import { LayerService } from "../../solver/layers/layer-service.js";
import { type FailedStep, failedStepKey, failedSteps as keptSteps } from "../../solver/ops/failed-step.js";
import type { CommonOptions, SecretSource } from "../options/options.js";
import { layerFetcher } from "../remote-cache/fetch-layer.js";
import { runOnLayers, withCommandSession } from "../run/run-on-layers.js";
import type { RunExit } from "../run/run-options.js";
import { openProcessStore } from "../session/process-store.js";
import type { Session } from "../session/session.js";
import { BuildSecrets } from "../sources/build-secrets.js";
import { stepCollected } from "./errors.js";
import { findFailedStep } from "./find-step.js";
import { shellOf } from "./shell.js";
import { stepSpec } from "./step-spec.js";

/** A step whose state is kept. */
export interface FailedStepSummary {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
  readonly command: readonly string[];
}

export interface DebugOptions extends Pick<CommonOptions, "root" | "signal"> {
  /** Number in the list of the kept steps from 1 on, or a part of a name. Default: the newest. */
  readonly step?: string;
  /** Command in the place of a shell. */
  readonly command?: readonly string[];
  /** User in the place of the step's. */
  readonly user?: string;
  /** Secrets, which are never kept. */
  readonly secrets?: Readonly<Record<string, SecretSource>>;
  readonly input?: Readable;
  readonly terminal?: TerminalSize;
  readonly onOutput?: (stream: "stdout" | "stderr", data: Uint8Array) => void;
  /** Called with the step when its command is being started. */
  readonly onStart?: (command: RunningCommand, step: FailedStepSummary) => void;
}

/** Returns the steps that failed and are kept, the newest first. */
export async function failedSteps({ root }: Pick<CommonOptions, "root"> = {}): Promise<readonly FailedStepSummary[]> {
  const store = openProcessStore(root === undefined ? {} : { root });
  try {
    return keptSteps(store.memo).map(summary);
  } finally {
    store.close();
  }
}

/**
 * Runs a shell, or another command, in a step as it failed: its files, variables, user, directory
 * and mounts. Changes that the command makes are thrown away.
 */
export async function debug(options: DebugOptions): Promise<RunExit> {
  const { root, signal } = options;
  return await withCommandSession({ root, signal }, (session) => debugInSession(options, session));
}

async function debugInSession(options: DebugOptions, session: Session): Promise<RunExit> {
  const { store, workers, network, signal } = session;
  const secrets = new BuildSecrets(options.secrets ?? {}, process.env);
  const step = findFailedStep(keptSteps(store.memo), options.step);
  const stack = store.results.lookup(failedStepKey(step.slot))?.layers;
  if (!stack) throw stepCollected(step.name);
  const service = new LayerService({ store, tasks: workers.tasks, fetchBlob: layerFetcher(network, undefined) });
  const reporter = { signal, progress: () => {} };
  const layers = await service.overlay(stack, reporter);
  const words = options.command ?? [];
  const shell = words.length > 0 ? { args: words, mounts: [] } : shellOf(step, await service.view(stack, reporter));
  const { input, onOutput, onStart, user, terminal } = options;
  return await runOnLayers(
    {
      layers,
      network: step.op.network,
      spec: (place) => stepSpec(step, { value: (id) => secrets.get(id) }, { ...place, ...shell, user, terminal }),
      io: { input, onOutput, onStart: (command) => onStart?.(command, summary(step)) },
    },
    session,
  );
}

function summary({ name, at, op }: FailedStep): FailedStepSummary {
  return { name, failedAt: at, command: op.args };
}
