import type { ValueOf } from "../../llb/wire/message.js";
import { HISTORY_EVENT_TYPE, type HISTORY_EVENT, type HISTORY_RECORD } from "../../solver/buildkit/messages/history.js";

export type HistoryRecord = ValueOf<typeof HISTORY_RECORD>;
export type HistoryEvent = ValueOf<typeof HISTORY_EVENT>;

/** The builds that a server runs now, for whoever listens to the history. */
export class BuildWatch {
  readonly #running = new Map<string, HistoryRecord>();
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  /** Builds that have not ended, in the order of their starts. */
  get running(): readonly HistoryRecord[] {
    return [...this.#running.values()];
  }

  /** Notes that a build began. `record` names it, and has no end. */
  started(record: HistoryRecord): void {
    this.#running.set(record.Ref ?? "", record);
    this.#report({ type: HISTORY_EVENT_TYPE.STARTED, record });
  }

  /** Notes that a build ended, after its record is in the history. */
  completed(record: HistoryRecord): void {
    this.#running.delete(record.Ref ?? "");
    this.#report({ type: HISTORY_EVENT_TYPE.COMPLETE, record });
  }

  /** Notes that the record of a build was removed. */
  deleted(ref: string): void {
    this.#report({ type: HISTORY_EVENT_TYPE.DELETED, record: { Ref: ref } });
  }

  /** Calls `listener` with events to come, until the function that it returns is called. */
  listen(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #report(event: HistoryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
