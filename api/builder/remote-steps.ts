import type { Failure } from "../../solver/buildkit/messages/failure.js";
import type { SolveStatus } from "../../solver/buildkit/builder.js";
import { milliseconds } from "../../solver/buildkit/messages/common.js";
import type { Digest } from "../../core/digest.js";
import { announced, type EventSink, now, partOf, type StepId } from "../../core/events.js";
import { ExecError, type TsbuildError } from "../../core/errors.js";
import { stepName } from "../../core/step.js";
import { topological, type Rootfs, type Vertex } from "../../llb/vertex.js";
import { announcedVertex } from "../../solver/graph-parts.js";
import { OutputTail } from "../../solver/ops/output-tail.js";
import { stepFailed } from "./errors.js";

type RemoteVertex = NonNullable<SolveStatus["vertexes"]>[number];

/** One step. */
interface Step {
  readonly id: StepId;
  readonly vertex: Vertex | undefined;
  readonly tail: OutputTail;
  state: "waiting" | "running" | "ended";
}

/** Names of steps of the builder's that would say what is not so here. */
const OWN_NAMES: Readonly<Record<string, string>> = { "exporting to oci image format": "sending the result of the builder" };

/** Status of a command in the text of its failure. */
const EXIT_CODE = /did not complete successfully: exit code: (\d+)/;

/**
 * Turns what a builder says of its vertices into the events of our steps. Vertices that are not of
 * the graph are steps of the builder's own.
 */
export class RemoteSteps {
  readonly #onEvent: EventSink;
  readonly #steps = new Map<string, Step[]>();
  /** The vertex that failed first, by its digest on the wire, with the builder's words. */
  #failed: { readonly digest: string; readonly text: string } | undefined;

  constructor(onEvent: EventSink) {
    this.#onEvent = onEvent;
  }

  /** Announces the steps of graphs. */
  announce(targets: readonly Rootfs[]): void {
    this.#onEvent({ type: "steps", steps: topological(targets).map(announcedVertex) });
  }

  /** Learns by which digests a graph's vertices are known to the builder. */
  learn(root: Rootfs, written: ReadonlyMap<Digest, Digest>): void {
    for (const vertex of topological([root])) {
      const digest = written.get(vertex.digest);
      if (digest === undefined) continue;
      const known = this.#steps.get(digest) ?? [];
      if (known.some(({ id }) => id === vertex.digest)) continue;
      this.#steps.set(digest, [...known, { id: vertex.digest, vertex, tail: new OutputTail(), state: "waiting" }]);
    }
  }

  onStatus({ vertexes = [], statuses = [], logs = [] }: SolveStatus): void {
    for (const vertex of vertexes) for (const step of this.#of(vertex.digest ?? "", vertex.name)) this.#vertex(vertex, step);
    for (const { vertex = "", ID = "", name = "", current = 0, total = 0, completed, timestamp } of statuses) {
      for (const { id } of this.#of(vertex)) {
        const part = partOf(ID || name, current, total > 0 ? total : undefined, completed !== undefined);
        this.#onEvent({ type: "progress", step: id, at: timestamp ? milliseconds(timestamp) : now(), ...part });
      }
    }
    for (const { vertex = "", stream, msg, timestamp } of logs) {
      if (msg === undefined || msg.length === 0) continue;
      for (const { id, tail } of this.#of(vertex).slice(0, 1)) {
        tail.add(msg);
        const at = timestamp ? milliseconds(timestamp) : now();
        this.#onEvent({ type: "output", step: id, at, stream: stream === 2 ? "stderr" : "stdout", data: msg });
      }
    }
  }

  /** Ends the steps that the builder did not speak of: it found a later one. */
  succeeded(): void {
    for (const step of this.#all()) {
      if (step.vertex && step.state !== "ended") this.#onEvent({ type: "cached", step: step.id, at: now() });
      step.state = "ended";
    }
  }

  /** Ends the steps that still ran. */
  stopped(): void {
    for (const step of this.#all()) {
      if (step.state === "running") this.#onEvent({ type: "canceled", step: step.id, at: now() });
      step.state = "ended";
    }
  }

  /**
   * Returns the error of a failed solve: with the step and its place in the Dockerfile, where one
   * failed.
   */
  failure(error: TsbuildError, text: string, { vertex: digest = this.#failed?.digest, exitCode }: Failure): TsbuildError {
    const step = digest === undefined ? undefined : this.#steps.get(digest)?.[0];
    if (step?.vertex === undefined) return error;
    const { metadata, op } = step.vertex;
    const words = this.#failed !== undefined && this.#failed.digest === digest ? this.#failed.text : text;
    const code = exitCode ?? Number(EXIT_CODE.exec(words)?.[1] ?? Number.NaN);
    const name = stepName(metadata.step);
    const failed =
      op.kind === "exec" && Number.isInteger(code)
        ? new ExecError(op.args, { code }, step.tail.text(), { step: name, display: op.args.join(" "), cause: error })
        : stepFailed(name, words, error);
    if (metadata.source && metadata.range) failed.place = { source: metadata.source, range: metadata.range };
    return failed;
  }

  #all(): Step[] {
    return [...this.#steps.values()].flat();
  }

  /**
   * Returns the steps of a vertex. One that is not of the graph is announced when it is first
   * named.
   */
  #of(digest: string, name?: string): readonly Step[] {
    const known = this.#steps.get(digest);
    if (known) return known;
    if (name === undefined || digest === "") return [];
    const step: Step = { id: digest as StepId, vertex: undefined, tail: new OutputTail(), state: "waiting" };
    this.#steps.set(digest, [step]);
    this.#onEvent({ type: "steps", steps: [announced(step.id, { kind: "export", text: OWN_NAMES[name] ?? name })] });
    return [step];
  }

  #vertex({ digest = "", started, completed, cached = false, error = "" }: RemoteVertex, step: Step): void {
    if (started && step.state !== "running" && (step.state === "waiting" || completed === undefined)) {
      // A step that was found is not started for people.
      if (!cached) this.#onEvent({ type: "started", step: step.id, at: milliseconds(started) });
      step.state = cached ? "waiting" : "running";
    }
    if (completed === undefined || step.state === "ended") return;
    const at = milliseconds(completed);
    step.state = "ended";
    if (cached) this.#onEvent({ type: "cached", step: step.id, at });
    else if (error === "") this.#onEvent({ type: "completed", step: step.id, at });
    else if (/context canceled|code = Canceled/.test(error)) this.#onEvent({ type: "canceled", step: step.id, at });
    else {
      this.#failed ??= { digest, text: error };
      this.#onEvent({ type: "failed", step: step.id, at, error: { code: "builder/step-failed", message: error } });
    }
  }
}
