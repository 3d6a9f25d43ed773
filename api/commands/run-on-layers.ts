import { defaultRoot } from "../../cache/paths.js";
import { throwIfAborted } from "../../core/errors.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { SandboxSpec, StepReport } from "../../executor-native/contract.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import type { Tier } from "../../executor-native/tier.js";
import type { OverlayStack } from "../../solver/layers/overlay-stack.js";
import { prepareRoot } from "../../solver/ops/step-files.js";
import type { StepNetwork } from "../../solver/ports.js";
import type { BuildOptions } from "../options/options.js";
import { Session } from "../session/session.js";
import type { CommandStreams } from "./command-options.js";
import type { RunExit } from "./exit.js";
import { commandNetwork } from "./command-network.js";

interface CommandSession {
  readonly root?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly isolation?: BuildOptions["isolation"] | undefined;
  /** Certificates of additional authorities, in PEM. */
  readonly authorities?: readonly string[];
}

/** Opens a session for commands outside a build, and closes it when `use` is done. */
export async function withCommandSession<T>(options: CommandSession, use: (session: Session) => Promise<T>): Promise<T> {
  const { root = defaultRoot(process.env), signal, isolation, authorities = [] } = options;
  throwIfAborted(signal);
  const session = new Session({ root, history: undefined, isolation, signal, authorities });
  return await withResource(session, () => use(session));
}

/** Everything of a sandbox that this file chooses. */
export interface CommandPlace {
  readonly rootfs: SandboxSpec["rootfs"];
  readonly tier: Tier;
  readonly network: StepNetwork;
}

interface LayeredCommand {
  readonly layers: OverlayStack;
  readonly network: BuildOptions["network"];
  /** Limits that `spec` sets. */
  readonly limits?: LimitRequest | undefined;
  readonly spec: (place: CommandPlace) => SandboxSpec;
  /** Streams of the command; without `onOutput`, its output is dropped. */
  readonly io: { readonly [K in keyof CommandStreams]?: CommandStreams[K] | undefined };
  /** Opens something beside the command, which is closed when the command has ended. */
  readonly beside?: (place: CommandPlace) => Promise<AsyncDisposable>;
  readonly onReport?: (report: StepReport) => void;
}

/** The parts of a session that a command uses. */
type LayersSession = Pick<Session, "store" | "workers" | "signal">;

/**
 * Runs one command on unpacked layers, in the sandbox of RUN steps. Its changes of the root file
 * system are thrown away.
 */
export async function runOnLayers(command: LayeredCommand, session: LayersSession): Promise<RunExit> {
  const { layers, network, limits, spec, io, beside, onReport } = command;
  const { store, workers, signal } = session;
  const worker = await workers.worker();
  const active = store.layers.prepare();
  try {
    await prepareRoot(active.fs, layers.root, worker);
    const rootfs = { lowers: layers.lowers, upper: active.fs, work: active.work };
    const place = { rootfs, tier: worker.tier, network: await commandNetwork(network, session) };
    if (limits) await (await import("../../executor-native/limits/prepare-limits.js")).prepareLimits(worker, limits);
    const { input, onStart, onOutput = () => {} } = io;
    const run = (): Promise<RunExit> =>
      worker.run(spec(place), { signal, onOutput, ...(input && { input }), ...(onStart && { onStart }), ...(onReport && { onReport }) });
    return beside ? await withResource(await beside(place), run) : await run();
  } finally {
    await worker.remove([active.fs, active.work]).catch(() => undefined);
    active.discard();
  }
}
