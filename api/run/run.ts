import { constants } from "node:os";
import type { EventSink } from "../../core/events.js";
import type { RunningCommand } from "../../executor-native/contract.js";
import type { RunExit } from "../commands/exit.js";
import { commandSpec } from "../commands/command-spec.js";
import { endedBeforeHealthy, needsNamespaces, noHealthCheck, unhealthy } from "../commands/errors.js";
import { type HealthCheck, healthCheckOf } from "../commands/health-check.js";
import { type ImageRoot, unpacked } from "../commands/image-root.js";
import { type CommandPlace, runOnLayers, withCommandSession } from "../commands/run-on-layers.js";
import { type Verdict, waitHealthy } from "../commands/wait-healthy.js";
import { readAuthorities } from "../options/authorities.js";
import type { Session } from "../session/session.js";
import { imageRoot } from "./image-root.js";
import { portWishes, publishPorts } from "./publish.js";
import { checkRunOptions, type RunOptions } from "./run-options.js";

/** Milliseconds that a healthy command has for its end, as `docker stop` gives it. */
const PATIENCE = 10_000;

/**
 * Runs one command in an image, in the sandbox of RUN steps, and resolves with its exit. Changes
 * of its root file system are thrown away. An abort of `signal` kills it, and rejects.
 */
export async function run(options: RunOptions): Promise<RunExit> {
  checkRunOptions(options);
  const { root = options.build?.root, signal, isolation, build } = options;
  const given = { root, signal, isolation, authorities: readAuthorities(build?.ca ?? []) };
  return await withCommandSession(given, async (session) => {
    const onEvent: EventSink = (event) => options.onEvent?.(event);
    const image = await imageRoot(options, session, onEvent);
    return options.waitHealthy ? await runUntilHealthy(options, image, session, onEvent) : await runImage(options, image, session, onEvent);
  });
}

async function runImage(
  options: RunOptions,
  image: ImageRoot,
  session: Pick<Session, "store" | "workers" | "signal">,
  onEvent: EventSink,
  check?: HealthCheck,
): Promise<RunExit> {
  const layers = await unpacked(image, session, onEvent);
  const wishes = portWishes(options, image.config);
  const beside = (place: CommandPlace): Promise<AsyncDisposable> => publishPorts(wishes, place, options.onPublish);
  const spec = (place: CommandPlace) => {
    const { notice } = place.network;
    if (notice !== undefined) onEvent({ type: "warning", diagnostic: { severity: "warning", code: "run/host-network", message: notice } });
    if (check && place.tier !== "namespaces") throw needsNamespaces("a health check", place.tier);
    return commandSpec(options, image, { ...place, check });
  };
  return await runOnLayers({ layers, network: options.network, spec, io: options, ...(wishes.length > 0 && { beside }) }, session);
}

/** Runs a command until it is healthy, and ends it. Rejects when it never is. */
async function runUntilHealthy(options: RunOptions, image: ImageRoot, session: Session, onEvent: EventSink): Promise<RunExit> {
  const health = healthCheckOf(image.config, options.health);
  if (!health) throw noHealthCheck(image.name);
  const ending = new AbortController();
  const signal = AbortSignal.any([session.signal, ending.signal]);
  let verdict: Promise<Verdict> | undefined;
  const onStart = (command: RunningCommand): void => {
    options.onStart?.(command);
    verdict = verdictOf(command, health, signal).finally(() => stop(command, image.config.StopSignal, ending));
    verdict.catch(() => undefined); // It is awaited below, unless the command failed.
  };
  let exit: RunExit | undefined;
  try {
    exit = await runImage({ ...options, onStart }, image, { store: session.store, workers: session.workers, signal }, onEvent, health);
  } catch (error) {
    if (!ending.signal.aborted || session.signal.aborted) throw error;
  }
  const came = await verdict;
  if (came?.status === "unhealthy") throw unhealthy(came);
  if (came?.status === "ended" || !came) throw endedBeforeHealthy(exit ?? { signal: "SIGKILL" });
  return { code: 0 };
}

async function verdictOf(command: RunningCommand, health: HealthCheck, signal: AbortSignal): Promise<Verdict> {
  return await waitHealthy((during) => command.check(during), health, { signal });
}

/** Asks a command to end, and kills it when it does not. */
function stop(command: RunningCommand, wanted: string | undefined, ending: AbortController): void {
  command.kill(signalOf(wanted));
  const timer = setTimeout(() => ending.abort(), PATIENCE);
  ending.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  timer.unref();
}

/** Reads STOPSIGNAL: a name with or without SIG, or a number. */
function signalOf(text = "SIGTERM"): NodeJS.Signals {
  const name = text.toUpperCase().startsWith("SIG") ? text.toUpperCase() : `SIG${text.toUpperCase()}`;
  const byNumber = Object.entries(constants.signals).find(([, number]) => String(number) === text);
  return (byNumber?.[0] ?? (name in constants.signals ? name : "SIGTERM")) as NodeJS.Signals;
}
