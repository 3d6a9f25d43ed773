import type { Diagnostic, SourceRange } from "../../../core/diagnostics.js";
import type { AnnouncedStep, BuildEvent, StepId } from "../../../core/events.js";
import { type Deferred, deferred } from "../../../core/tasks/deferred.js";
import { unlessAborted } from "../../../core/tasks/unless-aborted.js";
import { RULES } from "../../../frontend/dockerfile/lint/all-rules.js";
import type { SolveStatus } from "../../../solver/buildkit/builder.js";
import { timestampOf } from "../../../solver/buildkit/messages/common.js";

type Vertex = NonNullable<SolveStatus["vertexes"]>[number];
type Status = NonNullable<SolveStatus["statuses"]>[number];
type Log = NonNullable<SolveStatus["logs"]>[number];
type Warning = NonNullable<SolveStatus["warnings"]>[number];

/** Bytes of output that wait for a client that does not read. Further output is dropped. */
const MOST_WAITING = 16 << 20;

/** Bytes of output in one message. */
const PIECE = 1 << 20;

const CLIPPED = Buffer.from("[the client reads too slowly: output is left out here]\n");

/** The events of a build as BuildKit reports them, until a client takes them. */
export class StatusFeed {
  readonly #steps = new Map<StepId, AnnouncedStep>();
  readonly #started = new Map<StepId, number>();
  readonly #parts = new Map<string, number>();
  #vertexes: Vertex[] = [];
  #statuses = new Map<string, Status>();
  #logs: Log[] = [];
  #warnings: Warning[] = [];
  #waiting = 0;
  #clipped = false;
  #ended = false;
  #wake: Deferred<void> = deferred();
  /** The step that a warning without a step is shown with. */
  #loading: StepId | undefined;

  readonly onEvent = (event: BuildEvent): void => {
    switch (event.type) {
      case "steps":
        for (const step of event.steps) this.#announce(step);
        break;
      case "started":
        this.#started.set(event.step, event.at);
        this.#vertex(event.step, {});
        break;
      case "cached":
        if (!this.#started.has(event.step)) this.#started.set(event.step, event.at);
        this.#vertex(event.step, { completed: timestampOf(event.at), cached: true });
        break;
      case "completed":
        this.#vertex(event.step, { completed: timestampOf(event.at) });
        break;
      case "failed":
        this.#vertex(event.step, { completed: timestampOf(event.at), error: event.error.message });
        break;
      case "canceled":
        this.#vertex(event.step, { completed: timestampOf(event.at), error: "context canceled" });
        break;
      case "output":
        this.#log({
          vertex: this.digestOf(event.step),
          stream: event.stream === "stdout" ? 1 : 2,
          msg: event.data,
          timestamp: timestampOf(event.at),
        });
        break;
      case "progress":
        this.#part(event);
        break;
      case "warning":
        this.#warnings.push(warningOf(event.diagnostic, event.step === undefined ? this.#loading : this.digestOf(event.step)));
        break;
      case "used":
      case "requested":
      case "explained":
        return;
    }
    this.#wake.resolve();
  };

  /** Adds a warning that a client has about its own build. */
  warn(warning: Warning): void {
    this.#warnings.push({ ...warning, vertex: warning.vertex || (this.#loading ?? "") });
    this.#wake.resolve();
  }

  /** Says that nothing follows. */
  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  /** Yields what was reported and nobody has taken yet, until the end. */
  async *read(signal: AbortSignal): AsyncGenerator<SolveStatus, void> {
    for (;;) {
      for (const status of this.#take()) yield status;
      if (this.#ended && !this.#wakes()) return;
      await unlessAborted(this.#wake.promise, signal);
      this.#wake = deferred();
    }
  }

  #wakes(): boolean {
    return this.#vertexes.length > 0 || this.#logs.length > 0 || this.#statuses.size > 0 || this.#warnings.length > 0;
  }

  *#take(): Generator<SolveStatus, void> {
    const [vertexes, statuses, warnings, logs] = [this.#vertexes, [...this.#statuses.values()], this.#warnings, this.#logs];
    this.#vertexes = [];
    this.#statuses = new Map();
    this.#warnings = [];
    this.#logs = [];
    this.#waiting = 0;
    this.#clipped = false;
    if (vertexes.length + statuses.length + warnings.length > 0) yield { vertexes, statuses, warnings };
    for (let at = 0; at < logs.length; ) {
      let size = 0;
      const from = at;
      while (at < logs.length && (size === 0 || size < PIECE)) size += logs[at++]?.msg?.length ?? 0;
      yield { logs: logs.slice(from, at) };
    }
  }

  #announce(step: AnnouncedStep): void {
    this.#steps.set(step.id, step);
    if (step.step.kind === "internal") this.#loading ??= step.id;
    this.#vertexes.push(this.#named(step.id));
  }

  #vertex(id: StepId, more: Partial<Vertex>): void {
    const started = this.#started.get(id);
    this.#vertexes.push({
      ...this.#named(id),
      ...(started === undefined ? {} : { started: timestampOf(started) }),
      ...more,
    });
  }

  /** Returns a step with the digests and the name that the client knows. */
  #named(id: StepId): Vertex {
    const step = this.#steps.get(id);
    return {
      digest: this.digestOf(id),
      inputs: (step?.inputs ?? []).map((input) => this.digestOf(input)),
      name: step?.wire?.name ?? step?.name ?? id,
    };
  }

  /** Returns the digest by which the client knows a step. */
  digestOf(id: StepId): string {
    return this.#steps.get(id)?.wire?.digest ?? id;
  }

  #log(log: Log): void {
    for (let at = 0; at < (log.msg?.length ?? 0); at += PIECE) {
      const msg = log.msg?.subarray(at, at + PIECE) as Uint8Array;
      if (this.#waiting > MOST_WAITING) {
        if (!this.#clipped) this.#logs.push({ ...log, msg: CLIPPED });
        this.#clipped = true;
        return;
      }
      this.#waiting += msg.length;
      this.#logs.push({ ...log, msg });
    }
  }

  #part({ step, item, at, current, total = 0, done }: Extract<BuildEvent, { readonly type: "progress" }>): void {
    const key = `${step} ${item}`;
    const started = this.#parts.get(key) ?? at;
    this.#parts.set(key, started);
    this.#statuses.set(key, {
      ID: item,
      vertex: this.digestOf(step),
      name: item,
      current,
      total,
      timestamp: timestampOf(at),
      started: timestampOf(started),
      ...(done ? { completed: timestampOf(at) } : {}),
    });
  }
}

function warningOf(diagnostic: Diagnostic, step: string | undefined): Warning {
  const line = diagnostic.range ? ` (line ${diagnostic.range.line})` : "";
  return {
    vertex: step ?? "",
    level: 1,
    short: Buffer.from(`${diagnostic.rule ?? diagnostic.code}: ${diagnostic.message}${line}`),
    detail: [descriptionOf(diagnostic), diagnostic.hint].flatMap((text) => (text === undefined ? [] : [Buffer.from(text)])),
    ...(diagnostic.url === undefined ? {} : { url: diagnostic.url }),
    ...(diagnostic.source && {
      info: { filename: diagnostic.source.name, data: Buffer.from(diagnostic.source.text), language: "Dockerfile" },
    }),
    ...(diagnostic.range && { ranges: [wireRange(diagnostic.range)] }),
  };
}

/** Returns the requirement of a warning's rule: clients show it first. */
function descriptionOf({ rule }: Diagnostic): string | undefined {
  return rule === undefined ? undefined : RULES.find(({ name }) => name === rule)?.description;
}

/** Returns a range in BuildKit's source maps: lines count from 1, characters from 0. */
export function wireRange(range: SourceRange) {
  return {
    start: { line: range.line, character: range.column - 1 },
    end: { line: range.endLine, character: range.endColumn - 1 },
  };
}
