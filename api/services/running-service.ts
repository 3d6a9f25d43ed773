import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { throwIfAborted } from "../../core/errors.js";
import { type EventSink, now, type StepId } from "../../core/events.js";
import { GrowingPause } from "../../core/growing-pause.js";
import { deferred } from "../../core/tasks/deferred.js";
import type { RunningCommand } from "../../executor-native/contract.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import { OutputTail } from "../../solver/ops/output-tail.js";
import type { StepNetwork } from "../../solver/ports.js";
import { commandSpec } from "../commands/command-spec.js";
import type { RunExit } from "../commands/exit.js";
import { type HealthCheck, healthCheckOf } from "../commands/health-check.js";
import { type ImageRoot, unpacked } from "../commands/image-root.js";
import { runOnLayers } from "../commands/run-on-layers.js";
import { waitHealthy } from "../commands/wait-healthy.js";
import type { ResolvedService } from "../options/services/resolve-services.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";
import { exposedPorts } from "../texts/ports.js";
import { serviceEnded, serviceNotReady } from "./errors.js";
import { listens } from "./listening-ports.js";

interface RunningServiceOptions {
  readonly service: ResolvedService;
  readonly image: ImageRoot;
  /** Names of all services. */
  readonly hosts: NonNullable<StepNetwork["hosts"]>;
  readonly network: StepNetwork & Required<Pick<StepNetwork, "place">>;
  readonly limits: LimitRequest | undefined;
  /** Its signal ends the service. */
  readonly session: Pick<Session, "store" | "workers" | "signal">;
  readonly onEvent: EventSink;
}

/** A service that was started. */
export class RunningService {
  /** Resolves when nothing of it is left. It never rejects. */
  readonly ended: Promise<void>;
  readonly #options: RunningServiceOptions;
  readonly #health: HealthCheck | undefined;
  readonly #command = deferred<RunningCommand>();
  readonly #tail = new OutputTail();
  /** Rejects with the reason when it ends by itself. */
  readonly #failed: Promise<never>;

  constructor(options: RunningServiceOptions) {
    this.#options = options;
    const { service, image } = options;
    this.#health = service.wait === false ? undefined : healthCheckOf(image.config, service.health);
    const running = this.#run();
    this.ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.#failed = running.then(() => new Promise<never>(() => {}));
    this.#failed.catch(() => undefined); // `ready` waits for it, and its step shows it.
  }

  /** Resolves when it is ready. Throws `service/…`. */
  async ready(signal: AbortSignal): Promise<void> {
    const { patience } = this.#options.service;
    const done = new AbortController();
    const waiting = AbortSignal.any([signal, done.signal]);
    const tooLong = sleep(patience, undefined, { signal: waiting }).then(() => {
      throw this.#notReady(`${this.#waitsFor()} within ${patience / 1000} s`);
    });
    try {
      await Promise.race([this.#becomesReady(waiting), this.#failed, tooLong]);
    } finally {
      tooLong.catch(() => undefined);
      done.abort();
    }
  }

  async #becomesReady(signal: AbortSignal): Promise<void> {
    const command = await this.#command.promise;
    if (this.#health) {
      const verdict = await waitHealthy((during) => command.check(during), this.#health, { signal });
      // The end of the command is the failure of the run itself.
      if (verdict.status === "ended") return await this.#failed;
      if (verdict.status === "unhealthy")
        throw this.#notReady(`its health check failed ${verdict.failures} times: ${verdict.last.output.trim() || verdict.last.code}`);
      return;
    }
    const ports = this.#ports();
    const pause = new GrowingPause();
    while (ports.length > 0 && !this.#listensOn(ports)) {
      await pause.wait(signal);
      throwIfAborted(signal);
    }
  }

  /** Returns the TCP ports of which one has to listen: those that the image exposes. */
  #ports(): readonly number[] {
    const { service, image } = this.#options;
    if (service.wait === false) return [];
    return exposedPorts(image.config.ExposedPorts).flatMap(({ protocol, port }) => (protocol === "tcp" ? port : []));
  }

  #listensOn(ports: readonly number[]): boolean {
    const { holder } = this.#options.network.place;
    return ["tcp", "tcp6"].some((table) => listens(readFileSync(`/proc/${holder}/net/${table}`, "utf8"), ports));
  }

  #waitsFor(): string {
    return this.#health ? "its health check did not pass" : `it did not listen on ${this.#ports().join(" or ")}`;
  }

  #notReady(why: string): Error {
    return serviceNotReady(this.#options.service.name, why, this.#tail.text());
  }

  /** Runs it as a step of the build, whose output is kept. */
  async #run(): Promise<void> {
    const { service, image, onEvent, session } = this.#options;
    const layers = await unpacked(image, session, onEvent, `unpack service ${service.name}`);
    await runAsStep({ kind: "internal", text: `service ${service.name}: ${service.image}` }, onEvent, async ({ id: step }) => {
      let exit: RunExit;
      try {
        exit = await this.#runOn(layers, step);
      } catch (error) {
        if (session.signal.aborted) return; // Its build has ended.
        throw error;
      }
      throw serviceEnded(service.name, exit, this.#tail.text());
    });
  }

  #runOn(layers: Awaited<ReturnType<typeof unpacked>>, step: StepId): Promise<RunExit> {
    const { service, image, hosts, network, limits, session, onEvent } = this.#options;
    const { command, entrypoint, user, workdir, env = {}, name } = service;
    const options = {
      hostname: name,
      addHosts: hosts.map(({ host, ip }) => `${host}:${ip}`),
      env: Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
      ...(command && { command }),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
    };
    return runOnLayers(
      {
        layers,
        network: "default",
        limits,
        spec: (place) => ({ ...commandSpec(options, image, { ...place, network, check: this.#health }), ...(limits && { limits }) }),
        io: {
          onStart: (started) => this.#command.resolve(started),
          onOutput: (stream, data) => {
            this.#tail.add(data);
            onEvent({ type: "output", step, at: now(), stream, data });
          },
        },
        onReport: ({ usage }) => usage && onEvent({ type: "used", step, at: now(), usage }),
      },
      session,
    );
  }
}
