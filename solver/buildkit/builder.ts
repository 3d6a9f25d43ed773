import { throwIfAborted, TsbuildError } from "../../core/errors.js";
import type { ValueOf } from "../../llb/wire/message.js";
import { roadTo, type Road } from "./address/connect.js";
import type { BuilderAddress } from "./address/parse-address.js";
import { Channel } from "./grpc/channel.js";
import type { Served } from "./grpc/server.js";
import { RpcError, STATUS } from "./grpc/status.js";
import { LIST_WORKERS, SOLVE, type SOLVE_REQUEST, STATUS_OF, type STATUS_RESPONSE, type WORKERS } from "./messages/control.js";
import { newId, openSession, type Session } from "./session/session.js";

export type SolveRequest = Omit<ValueOf<typeof SOLVE_REQUEST>, "Ref" | "Session">;
export type SolveStatus = ValueOf<typeof STATUS_RESPONSE>;
export type Worker = NonNullable<ValueOf<typeof WORKERS>["record"]>[number];

/** Milliseconds that the last messages about a solve may take once it has ended. */
const LAST_WORDS = 5_000;

interface SolveOptions {
  readonly signal: AbortSignal;
  /** Called with everything that the builder says of its steps. */
  readonly onStatus: (status: SolveStatus) => void;
}

/** A BuildKit that is connected, with a session in which it asks for what it needs. */
export class Builder implements Disposable {
  readonly road: Road;
  /** Workers of the builder, the one that solves first. */
  readonly workers: readonly Worker[];
  readonly #channel: Channel;
  #session: Promise<Session> | undefined;
  #failure: unknown;

  private constructor({ road, channel, workers }: { readonly road: Road; readonly channel: Channel; readonly workers: readonly Worker[] }) {
    this.road = road;
    this.#channel = channel;
    this.workers = workers;
  }

  /**
   * Connects to the first builder that answers. `onFailure` hears of those before it. Throws the
   * error of the last.
   */
  static async connect(
    builders: readonly BuilderAddress[],
    signal: AbortSignal,
    onFailure: (error: TsbuildError) => void,
  ): Promise<Builder> {
    let last: unknown;
    for (const address of builders) {
      if (last instanceof TsbuildError) onFailure(last);
      try {
        return await Builder.#connectTo(roadTo(address), signal);
      } catch (error) {
        throwIfAborted(signal);
        if (!(error instanceof TsbuildError)) throw error;
        last = error;
      }
    }
    throw last;
  }

  static async #connectTo(road: Road, signal: AbortSignal): Promise<Builder> {
    const channel = new Channel(await road.control(signal), road.name);
    try {
      const { record = [] } = await channel.unary(LIST_WORKERS, {}, { signal });
      return new Builder({ road, channel, workers: record });
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** Opens the session of all solves. `methods` are what the builder may call in it. */
  openSession(
    id: string,
    { sharedKey, methods, signal }: { readonly sharedKey: string; readonly methods: readonly Served[]; readonly signal: AbortSignal },
  ): void {
    const onFailure = (error: unknown): void => {
      this.#failure ??= error;
    };
    this.#session = openSession({ id, road: this.road, channel: this.#channel, sharedKey, methods, signal, onFailure });
    this.#session.catch(onFailure);
  }

  /**
   * Solves a graph. Returns the attributes of the result. An abort of `signal` ends the work of the
   * builder.
   */
  async solve(request: SolveRequest, { signal, onStatus }: SolveOptions): Promise<ReadonlyMap<string, string>> {
    const { id } = await (this.#session ?? Promise.reject(new Error("internal: a solve needs a session")));
    const ref = newId();
    const listening = new AbortController();
    const heard = this.#listen(ref, listening.signal, onStatus);
    try {
      const { ExporterResponse = new Map() } = await this.#channel.unary(SOLVE, { ...request, Ref: ref, Session: id }, { signal });
      await withinLimit(heard, LAST_WORDS);
      return ExporterResponse;
    } catch (error) {
      throwIfAborted(signal);
      await withinLimit(heard, LAST_WORDS);
      // A failure on this side is the reason of the builder's.
      if (error instanceof RpcError && this.#failure !== undefined) throw this.#failure;
      throw error;
    } finally {
      listening.abort();
    }
  }

  async #listen(Ref: string, signal: AbortSignal, onStatus: SolveOptions["onStatus"]): Promise<void> {
    const call = this.#channel.call(STATUS_OF, { signal });
    try {
      await call.send({ Ref });
      call.end();
      for await (const status of call.messages) onStatus(status);
    } catch (error) {
      // The solve reports a lost connection, and a builder need not know it any more.
      if (error instanceof RpcError && error.status !== STATUS.CANCELLED && error.status !== STATUS.NOT_FOUND) this.#failure ??= error;
    }
  }

  [Symbol.dispose](): void {
    void this.#session?.then(
      (session) => session.close(),
      () => undefined,
    );
    this.#channel.close();
  }
}

async function withinLimit(work: Promise<void>, limit: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
