import { TsbuildError } from "../../core/errors.js";
import { type Deferred, deferred } from "../../core/tasks/deferred.js";
import type { ValueOf } from "../../llb/wire/message.js";
import { type Served, single, streaming } from "../../solver/buildkit/grpc/server.js";
import { HISTORY_EVENT_TYPE, type HISTORY_REQUEST, LISTEN_HISTORY, UPDATE_HISTORY } from "../../solver/buildkit/messages/history.js";
import type { BuildHistoryStore } from "../record/build-record.js";
import type { BuildWatch, HistoryEvent, HistoryRecord } from "./build-watch.js";
import { cannotPin, noBuild } from "./errors.js";
import { parseHistoryFilters } from "./history-filter.js";
import { historyRecord } from "./history-record.js";

/** The builds of a server. */
export interface HistoryPorts {
  /** Builds that have ended. */
  readonly history: Pick<BuildHistoryStore, "list" | "get" | "log" | "remove">;
  /** Builds that run. */
  readonly watch: BuildWatch;
  /** Returns the milliseconds since the epoch. */
  now(): number;
}

/** Returns the methods behind `docker buildx history`. */
export function historyServices({ history, watch, now }: HistoryPorts): readonly Served[] {
  return [
    streaming(LISTEN_HISTORY, async ({ messages, send, signal, begin }) => {
      for await (const request of messages) {
        begin({ "buildkit-current-timestamp": new Date(now()).toISOString() });
        const events = new EventQueue({ watch, ref: request.Ref ?? "", signal });
        try {
          for (const record of watch.running) events.put({ type: HISTORY_EVENT_TYPE.STARTED, record });
          if (request.ActiveOnly !== true) for (const record of ended(request)) events.put({ type: HISTORY_EVENT_TYPE.COMPLETE, record });
          await events.send(send, request.EarlyExit === true);
        } finally {
          events.close();
        }
        return;
      }
    }),
    single(UPDATE_HISTORY, async ({ Ref = "", Pinned = false, Delete = false }) => {
      if (!history.list().some(({ id }) => id === Ref)) throw noBuild(Ref);
      if (Delete) {
        history.remove([Ref]);
        watch.deleted(Ref);
      } else if (Pinned) {
        throw cannotPin();
      }
      return {};
    }),
  ];

  /** Returns the builds that a request asks for, newest first. */
  function ended({ Ref = "", Filter = [], Limit = 0 }: ValueOf<typeof HISTORY_REQUEST>): readonly HistoryRecord[] {
    const passes = parseHistoryFilters(Filter, now());
    const wanted = history.list().filter(({ id }) => Ref === "" || id === Ref);
    const found: HistoryRecord[] = [];
    for (const { id } of wanted) {
      if (Limit > 0 && found.length === Limit) break;
      const record = recordOf(id);
      if (record && passes(record)) found.push(record);
    }
    return found;
  }

  /** Returns a record; undefined where another process has just removed it. */
  function recordOf(id: string): HistoryRecord | undefined {
    try {
      return historyRecord(history.get(id));
    } catch (error) {
      if (error instanceof TsbuildError) return undefined;
      throw error;
    }
  }
}

/** Events for one listener: those that are there, then those to come. */
class EventQueue {
  readonly #ref: string;
  readonly #signal: AbortSignal;
  readonly #events: HistoryEvent[] = [];
  readonly #close: () => void;
  #more: Deferred<void> = deferred();

  /** Takes events of the build `ref`; of all for an empty one. */
  constructor({ watch, ref, signal }: { readonly watch: BuildWatch; readonly ref: string; readonly signal: AbortSignal }) {
    this.#ref = ref;
    this.#signal = signal;
    const stopListening = watch.listen((event) => this.put(event));
    const wake = (): void => this.#more.resolve();
    signal.addEventListener("abort", wake, { once: true });
    this.#close = () => {
      stopListening();
      signal.removeEventListener("abort", wake);
    };
  }

  put(event: HistoryEvent): void {
    if (this.#ref !== "" && event.record?.Ref !== this.#ref) return;
    this.#events.push(event);
    this.#more.resolve();
  }

  /** Sends events until the listener goes; with `early`, only those that are there. */
  async send(put: (event: HistoryEvent) => Promise<void>, early: boolean): Promise<void> {
    while (!this.#signal.aborted) {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) await put(next);
      if (early) return;
      await this.#more.promise;
      this.#more = deferred();
    }
  }

  close(): void {
    this.#close();
  }
}
