import { TsbuildError } from "../../core/errors.js";
import { type BuildEvent, type EventSink, now, partOf, type StepId } from "../../core/events.js";
import type { Node } from "./graph.js";
import { persistentKey } from "./keys.js";
import type { OpContext, ResumedStep } from "./op.js";

type EndEvent = Extract<BuildEvent, { readonly type: "completed" | "cached" }>;

/**
 * Turns changes of vertices into events and keeps their grammar: a started step ends exactly once,
 * and emits nothing afterwards. A step that is resumed is started again, and ends as it did before.
 * A sink that throws fails the solve through `onError`, never the op that emitted the event.
 */
export class Reporter {
  readonly sink: EventSink;
  readonly onError: (error: unknown) => void;
  readonly #reported = new Map<string, "started" | "ended">();
  /** Final events of steps that may be resumed. */
  readonly #ends = new Map<string, EndEvent>();
  /** Number of handles of resumed steps. */
  readonly #resumed = new Map<string, number>();

  constructor(sink: EventSink, onError: (error: unknown) => void) {
    this.sink = sink;
    this.onError = onError;
  }

  started(node: Node<unknown>): void {
    if (this.#reported.has(node.vertex.id)) return;
    this.#reported.set(node.vertex.id, "started");
    this.#emit({ type: "started", step: node.vertex.id as StepId, at: now() });
  }

  cached(node: Node<unknown>): void {
    this.#end(node.vertex.id, { type: "cached", step: node.vertex.id as StepId, at: now(), ...keyOf(node) });
  }

  completed(node: Node<unknown>): void {
    this.#end(node.vertex.id, { type: "completed", step: node.vertex.id as StepId, at: now(), ...keyOf(node) });
  }

  failed(node: Node<unknown>, error: unknown): void {
    this.started(node);
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof TsbuildError ? error.code : "internal";
    this.#end(node.vertex.id, { type: "failed", step: node.vertex.id as StepId, at: now(), error: { code, message } });
  }

  /** Emits `canceled` for a step that was shown as started. */
  canceled(node: Node<unknown>): void {
    this.#cancel(node.vertex.id);
  }

  /** Cancels every started step, at the end of a solve that failed. */
  cancelOpen(): void {
    for (const [id, reported] of this.#reported) if (reported === "started") this.#cancel(id);
  }

  /** Returns the services for the op of this node. */
  context(node: Node<unknown>, signal: () => AbortSignal): OpContext {
    const step = node.vertex.id as StepId;
    return {
      get signal() {
        return signal();
      },
      output: (stream, data) => {
        if (this.#open(node)) this.#emit({ type: "output", step, at: now(), stream, data });
      },
      used: (usage) => {
        if (this.#open(node)) this.#emit({ type: "used", step, at: now(), usage });
      },
      requested: (requests) => {
        if (this.#open(node)) this.#emit({ type: "requested", step, at: now(), requests });
      },
      progress: (...part) => {
        if (this.#open(node)) this.#emit({ type: "progress", step, at: now(), ...partOf(...part) });
      },
      resume: () => this.#resume(step),
    };
  }

  #resume(step: StepId): ResumedStep {
    this.#resumed.set(step, (this.#resumed.get(step) ?? 0) + 1);
    if (this.#reported.get(step) !== "started") {
      this.#reported.set(step, "started");
      this.#emit({ type: "started", step, at: now() });
    }
    let open = true;
    return {
      progress: (...part) => {
        if (open && this.#reported.get(step) === "started") this.#emit({ type: "progress", step, at: now(), ...partOf(...part) });
      },
      close: () => {
        if (!open) return;
        open = false;
        const users = (this.#resumed.get(step) ?? 1) - 1;
        this.#resumed.set(step, users);
        const end = this.#ends.get(step);
        // A step that has not ended yet ends by itself.
        if (users === 0 && end) this.#end(step, { ...end, at: now() });
      },
    };
  }

  #open(node: Node<unknown>): boolean {
    this.started(node);
    return this.#reported.get(node.vertex.id) === "started";
  }

  #cancel(id: string): void {
    if (this.#reported.get(id) === "started") this.#end(id, { type: "canceled", step: id as StepId, at: now() });
  }

  #end(id: string, event: BuildEvent): void {
    if (this.#reported.get(id) === "ended") return;
    if (event.type === "completed" || event.type === "cached") {
      this.#ends.set(id, event);
      // The last handle ends it.
      if ((this.#resumed.get(id) ?? 0) > 0) return;
    }
    this.#reported.set(id, "ended");
    this.#emit(event);
  }

  #emit(event: BuildEvent): void {
    try {
      this.sink(event);
    } catch (error) {
      this.onError(error);
    }
  }
}

function keyOf(node: Node<unknown>): { readonly key?: string } {
  const key = persistentKey(node);
  return key === undefined ? {} : { key };
}
