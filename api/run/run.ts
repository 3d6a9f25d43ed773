import { defaultRoot } from "../../cache/paths.js";
import type { EventSink } from "../../core/events.js";
import { throwIfAborted } from "../../core/errors.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { prepareRoot } from "../../solver/ops/exec.js";
import { readAuthorities } from "../options/authorities.js";
import { runAsStep } from "../record/build-steps.js";
import { Session } from "../session/session.js";
import { type ImageRoot, imageRoot } from "./image-root.js";
import { commandNetwork } from "./command-network.js";
import { checkRunOptions, type RunExit, type RunOptions } from "./run-options.js";
import { runSpec } from "./run-spec.js";

/**
 * Runs one command in an image, in the sandbox of RUN steps, and resolves with its exit. Changes
 * of its root file system are thrown away. An abort of `signal` kills it, and rejects.
 */
export async function run(options: RunOptions): Promise<RunExit> {
  checkRunOptions(options);
  throwIfAborted(options.signal);
  const { signal, isolation } = options;
  const root = options.root ?? options.build?.root ?? defaultRoot(process.env);
  const session = new Session({ root, history: undefined, isolation, signal, authorities: readAuthorities(options.build?.ca ?? []) });
  return withResource(session, () => runInSession(options, session));
}

async function runInSession(options: RunOptions, session: Session): Promise<RunExit> {
  const { signal } = session;
  const onEvent: EventSink = (event) => options.onEvent?.(event);
  const image = await imageRoot(options, session, onEvent);
  const { lowers, root } = await unpacked(image, session, onEvent);
  const worker = await session.workers.worker();
  const active = session.store.layers.prepare();
  try {
    await prepareRoot(active.fs, root, worker);
    const network = await commandNetwork(options.network, session);
    const place = { rootfs: { lowers, upper: active.fs, work: active.work }, tier: worker.tier, network };
    const { input, onStart, onOutput = () => {} } = options;
    return await worker.run(runSpec(options, image, place), {
      signal,
      onOutput,
      ...(input && { input }),
      ...(onStart && { onStart }),
    });
  } finally {
    await worker.remove([active.fs, active.work]).catch(() => undefined);
    active.discard();
  }
}

/** Unpacks the layers of an image; the step is shown only when something is to be done. */
async function unpacked({ stack, layers }: ImageRoot, { store, signal }: Session, onEvent: EventSink) {
  const quiet = { signal, progress: () => {} };
  if (stack.every((id) => store.layers.get(id)?.unpacked === true)) return await layers.overlay(stack, quiet);
  return await runAsStep({ kind: "internal", text: "unpack the image" }, onEvent, ({ progress }) =>
    layers.overlay(stack, { signal, progress }),
  );
}
