import type { Readable } from "node:stream";
import type { RunningCommand, TerminalSize } from "../../executor-native/contract.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import { failedSteps as keptSteps } from "../../solver/ops/failed-step.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import type { BuildOptions, CommonOptions, SecretSource } from "../options/options.js";
import { runOnLayers, withCommandSession } from "../commands/run-on-layers.js";
import type { CommandStreams } from "../commands/command-options.js";
import type { RunExit } from "../commands/exit.js";
import { openProcessStore } from "../session/process-store.js";
import type { Session } from "../session/session.js";
import { BuildSecrets } from "../sources/build-secrets.js";
import { findState, type WantedStep } from "./find-state.js";
import { sessionLayers } from "../commands/session-layers.js";
import { shellOf } from "./shell.js";
import type { StepState, StepStateSummary } from "./state.js";
import { stepSpec } from "./step-spec.js";

export type { StepStateSummary } from "./state.js";

/** A step that failed, and whose state is kept. */
export interface FailedStepSummary extends Pick<StepStateSummary, "name" | "build" | "command"> {
  /** Milliseconds since the epoch. */
  readonly failedAt: number;
}

export interface DebugOptions extends WantedStep, CommandOptions, Pick<CommonOptions, "root" | "signal"> {
  readonly isolation?: BuildOptions["isolation"];
}

/** Everything of a command in a step but the step. */
export interface CommandOptions {
  /** Command in the place of a shell. */
  readonly command?: readonly string[];
  /** User in the place of the step's. */
  readonly user?: string;
  /** Secrets, which are never kept. */
  readonly secrets?: Readonly<Record<string, SecretSource>>;
  readonly input?: Readable;
  readonly terminal?: TerminalSize;
  readonly onOutput?: CommandStreams["onOutput"];
  /** Called with the step when its command is being started. */
  readonly onStart?: (command: RunningCommand, step: StepStateSummary) => void;
}

/** Returns the steps that failed and are kept, the newest first. */
export async function failedSteps({ root }: Pick<CommonOptions, "root"> = {}): Promise<readonly FailedStepSummary[]> {
  const store = openProcessStore(root === undefined ? {} : { root });
  try {
    return keptSteps(store.memo).map(({ name, build, at, op }) => ({
      name,
      ...(build === undefined ? {} : { build }),
      failedAt: at,
      command: op.args,
    }));
  } finally {
    store.close();
  }
}

/**
 * Runs a shell, or another command, in a step as it failed or ended: its files, variables, user,
 * directory, mounts and limits. Changes that the command makes are thrown away.
 */
export async function debug(options: DebugOptions): Promise<RunExit> {
  const { root, signal, isolation } = options;
  return await withCommandSession({ root, signal, isolation }, async (session) => {
    const service = sessionLayers(session);
    const reporter = quietReporter(session.signal);
    const state = await findState(options, session.store, async (layers) => (await service.overlay(layers, reporter)).lowers);
    return await runInState(state, options, session, service);
  });
}

/** Runs a shell, or another command, in a state. */
export async function runInState(state: StepState, options: CommandOptions, session: Session, service: LayerService): Promise<RunExit> {
  const secrets = new BuildSecrets(options.secrets ?? {}, process.env);
  const reporter = quietReporter(session.signal);
  const layers = await service.overlay(state.layers, reporter);
  const words = options.command ?? [];
  const shell = words.length > 0 ? { args: words, mounts: [] } : shellOf(state, await service.view(state.layers, reporter));
  const { input, onOutput, onStart, user, terminal } = options;
  return await runOnLayers(
    {
      layers,
      network: state.op.network,
      limits: state.limits,
      spec: (place) => stepSpec(state, { value: (id) => secrets.get(id) }, { ...place, ...shell, user, terminal }),
      io: { input, onOutput, onStart: (command) => onStart?.(command, state.summary) },
    },
    session,
  );
}
