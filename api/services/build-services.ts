import { type Canonical, canonicalJson } from "../../core/canonical.js";
import { throwIfAborted } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import type { StepNetwork } from "../../solver/ports.js";
import type { ImageRoot } from "../commands/image-root.js";
import type { ResolvedService } from "../options/services/resolve-services.js";
import type { Session } from "../session/session.js";
import { servicesNeedNetwork } from "./errors.js";
import { RunningService } from "./running-service.js";
import { shareService, type SharedService } from "./shared-services.js";

interface BuildServicesOptions {
  readonly services: readonly ResolvedService[];
  /** Finds the image of a service. */
  readonly image: (service: ResolvedService) => Promise<ImageRoot>;
  readonly session: Pick<Session, "store" | "workers" | "signal">;
  readonly limits: LimitRequest | undefined;
  readonly onEvent: EventSink;
}

/**
 * The services of one build. They start when the first step needs them that really runs, and end
 * when they are disposed of.
 */
export class BuildServices implements AsyncDisposable {
  readonly #options: BuildServicesOptions;
  readonly #images = new Map<string, Promise<ImageRoot>>();
  readonly #shared: SharedService[] = [];
  #started: Promise<void> | undefined;
  #identity: Promise<string | undefined> | undefined;

  constructor(options: BuildServicesOptions) {
    this.#options = options;
  }

  /** Returns the network of a step with the services in it, which are ready then. */
  async join(network: StepNetwork): Promise<StepNetwork> {
    const { place, notice } = network;
    const ip = place?.addresses[0];
    if (!place || ip === undefined) throw servicesNeedNetwork(notice);
    const hosts = this.#options.services.map(({ name: host }) => ({ host, ip }));
    this.#started ??= this.#start({ ...network, place }, hosts);
    await this.#started;
    return { ...network, hosts };
  }

  /** Returns what of the services is in the keys of steps; undefined for nothing. */
  identity(): Promise<string | undefined> {
    this.#identity ??= this.#identify();
    return this.#identity;
  }

  async #identify(): Promise<string | undefined> {
    const asked = this.#options.services.filter(({ inKeys }) => inKeys === true);
    if (asked.length === 0) return undefined;
    const parts = asked.map(async ({ patience: _patience, timeout: _timeout, ...service }) => {
      const { stack, config } = await this.#image({ ...service, patience: 0 });
      return { ...service, stack, config } as unknown as Canonical;
    });
    return canonicalJson(await Promise.all(parts));
  }

  #image(service: ResolvedService): Promise<ImageRoot> {
    const known = this.#images.get(service.name) ?? this.#options.image(service);
    this.#images.set(service.name, known);
    return known;
  }

  async #start(network: StepNetwork & Required<Pick<StepNetwork, "place">>, hosts: NonNullable<StepNetwork["hosts"]>): Promise<void> {
    const { services, session, limits, onEvent } = this.#options;
    await allOrAbort(session.signal, (starting) =>
      services.map(async (service) => {
        const image = await this.#image(service);
        throwIfAborted(starting);
        const key = canonicalJson({ service, stack: image.stack, hosts } as unknown as Canonical);
        const shared = shareService(session.workers, key, (ending) => {
          const { store, workers } = session;
          const signal = AbortSignal.any([session.signal, ending]);
          return new RunningService({ service, image, hosts, network, limits, session: { store, workers, signal }, onEvent });
        });
        this.#shared.push(shared);
        await Promise.race([shared.ready, aborted(starting)]);
      }),
    );
  }

  /** Ends all services, and waits until nothing of them is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started?.catch(() => undefined);
    await Promise.all(this.#shared.map((shared) => shared.release()));
  }
}

/** Rejects when a signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
}
