import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { CanceledError } from "../../core/errors.js";
import { type BuildEvent, now, type StepId } from "../../core/events.js";
import { type Deferred, deferred } from "../../core/tasks/deferred.js";
import { unlessAborted } from "../../core/tasks/unless-aborted.js";
import type { FrontendResult, ResolvedImage } from "../../frontend/frontend.js";
import type { Platform } from "../../oci/platform.js";
import type { ClientSession } from "../../solver/buildkit/serving/client-session.js";
import type { CompiledBuild } from "../build/build-images.js";
import { imagePort } from "../build/image-port.js";
import { buildInSession } from "../build/build.js";
import type { BuildResult } from "../options/options.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { SolvedFiles } from "../sources/main-context.js";
import { Session } from "../session/session.js";
import { ClientSide } from "./client-side.js";
import { noResult, unsupported } from "./errors.js";
import { answerOf } from "./failure.js";
import type { BridgeRequest, JobParts, ResultMessage, RunningBuild, SolvedRef, SolveRequest } from "./job-parts.js";
import { resultMessage, returnedResults } from "./results/result-message.js";
import { baseBuild, requestedBuild } from "./requests/requested-build.js";
import type { JobRecord } from "./job-record.js";
import type { ServerParts } from "./parts/server-parts.js";
import { StatusFeed } from "./results/status-feed.js";

interface JobOptions {
  readonly request: SolveRequest;
  readonly client: ClientSession;
  /** Aborted when the client has gone, or the server ends. */
  readonly signal: AbortSignal;
  readonly server: ServerParts;
  /** Record of the solve; undefined for one that its client keeps out of the history. */
  readonly record: JobRecord | undefined;
}

/**
 * One solve of a client: the builds that it asks for, and the one whose result it returns. A build
 * begins with its request, stops where its graphs are known, and goes on when the client has said
 * what the result is.
 */
export class Job implements AsyncDisposable, JobParts {
  readonly ref: string;
  readonly request: SolveRequest;
  readonly client: ClientSession;
  readonly server: ServerParts;
  readonly feed = new StatusFeed();
  readonly side: ClientSide;
  readonly signal: AbortSignal;
  readonly refs = new Map<string, SolvedRef>();
  /** Result that the client returns through the gateway. */
  readonly returned: Deferred<ResultMessage> = deferred();
  /** Resolved when the solve is over, and is in the history. */
  readonly over: Deferred<void> = deferred();
  readonly #record: JobRecord | undefined;
  readonly #running: RunningBuild[] = [];
  readonly #ending = new AbortController();
  #session: Session | undefined;
  #disposed: Promise<void> | undefined;
  #made: BuildResult | undefined;
  /** The step that failed first. */
  #failed: StepId | undefined;

  constructor({ request, client, signal, server, record }: JobOptions) {
    this.#record = record;
    this.ref = request.Ref ?? "";
    this.request = request;
    this.client = client;
    this.server = server;
    this.signal = AbortSignal.any([signal, this.#ending.signal]);
    setMaxListeners(0, this.signal);
    this.side = new ClientSide({ client, signal: this.signal, server });
    this.returned.promise.catch(() => undefined);
  }

  /** Compiles a Dockerfile or reads a definition. Returns what the client may build with. */
  solve(request: BridgeRequest): Promise<ResultMessage> {
    return this.server.slots.run(this.signal, () => this.#solve(request));
  }

  async #solve(request: BridgeRequest): Promise<ResultMessage> {
    const wanted = requestedBuild(request, this, (event) => this.#onEvent(event));
    if (wanted.answer)
      return await this.#failing(wanted.answer({ session: this.#open(wanted.build), onEvent: (event) => this.#onEvent(event) }));
    this.#record?.begin(wanted.build, request.FrontendOpt ?? new Map());
    const running = await this.#start(wanted.build);
    const refs = running.compiled.results.map((result): SolvedRef => {
      const ref = { id: randomBytes(12).toString("hex"), running, result };
      this.refs.set(ref.id, ref);
      return ref;
    });
    if (request.Evaluate) for (const ref of refs) await this.#evaluate(ref);
    return resultMessage(refs, running.compiled.build.platformExplicit || refs.length > 1);
  }

  /** Returns a result that this job has given to its client. */
  result(id: string): SolvedRef {
    const ref = this.refs.get(id);
    if (!ref) throw noResult(id);
    return ref;
  }

  /** Makes a result before it is returned. */
  evaluate(ref: SolvedRef): Promise<SolvedFiles | undefined> {
    return this.server.slots.run(this.signal, () => this.#evaluate(ref));
  }

  async #evaluate(ref: SolvedRef): Promise<SolvedFiles | undefined> {
    const { rootfs } = ref.result;
    if (rootfs === undefined) return undefined;
    const { solver, input } = ref.running.compiled;
    ref.files ??= this.#failing(solver.files(rootfs, input));
    return await unlessAborted(ref.files, this.signal);
  }

  /** Finds an image in the store or at its registry. */
  async image(ref: string, { platform, pull }: { readonly platform: Platform; readonly pull: boolean }): Promise<ResolvedImage> {
    const build = { pull, platforms: [platform] };
    const session = this.#open(baseBuild(this, (event) => this.#onEvent(event)));
    const { resolveImage } = imagePort(build, session, (event) => this.#onEvent(event));
    return await this.#failing(resolveImage(ref, { platform }));
  }

  /** Ends the job with a result. Returns what the outputs said. */
  finish(message: ResultMessage): Promise<ReadonlyMap<string, string>> {
    return this.server.slots.run(this.signal, () => this.#finish(message));
  }

  async #finish(message: ResultMessage): Promise<ReadonlyMap<string, string>> {
    const chosen = returnedResults(message, this);
    if (chosen.results.length === 0) {
      if ((this.request.Exporters?.length ?? 0) === 0) return new Map();
      return await this.#finish(await this.#solve({ Definition: new Uint8Array() }));
    }
    const [running, ...others] = new Set(chosen.results.map(({ ref }) => ref.running));
    if (!running || others.length > 0) throw unsupported("one result of several solves");
    for (const other of this.#running) if (other !== running) other.chosen.reject(new CanceledError("The client returned another result"));
    running.chosen.resolve(chosen.results.map(({ result }) => result));
    const made = (this.#made = await this.#failing(running.done));
    return await this.side.sendResults(made, (event) => this.#onEvent(event));
  }

  /** Result that the outputs got; undefined before, and where the client returned none. */
  get made(): BuildResult | undefined {
    return this.#made;
  }

  /** Waits for the result that the client returns through the gateway. */
  async waitForReturn(): Promise<ResultMessage> {
    return await unlessAborted(this.returned.promise, this.signal);
  }

  async #start(build: ResolvedBuildOptions): Promise<RunningBuild> {
    const compiled = deferred<CompiledBuild>();
    const chosen = deferred<readonly FrontendResult[]>();
    chosen.promise.catch(() => undefined);
    const done = buildInSession(build, this.#open(build), now(), {
      onCompiled: (made) => {
        compiled.resolve(made);
        return unlessAborted(chosen.promise, this.signal);
      },
    });
    done.catch((error: unknown) => compiled.reject(error));
    const running = { compiled: await this.#failing(compiled.promise), chosen, done };
    this.#running.push(running);
    return running;
  }

  /** Returns the session of all builds, which the first one opens. */
  #open(build: ResolvedBuildOptions): Session {
    return (this.#session ??= new Session(build, { several: true }));
  }

  /** Waits for work, whose failure becomes an answer to the client. */
  async #failing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw answerOf(error, this.#failed && this.feed.digestOf(this.#failed));
    }
  }

  #onEvent(event: BuildEvent): void {
    if (event.type === "failed") this.#failed ??= event.step;
    this.#record?.onEvent(event);
    this.feed.onEvent(event);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    const ended = new CanceledError("The solve has ended");
    for (const { chosen } of this.#running) chosen.reject(ended);
    this.#ending.abort(ended);
    await Promise.allSettled(this.#running.map(({ done }) => done));
    try {
      await this.#session?.[Symbol.asyncDispose]();
    } finally {
      await this.side[Symbol.asyncDispose]();
      this.feed.end();
    }
  }
}
