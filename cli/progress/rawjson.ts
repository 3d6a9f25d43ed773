import type { AnnouncedStep, BuildEvent, StepId } from "../../core/events.js";
import { jsonText } from "../../core/text/json-text.js";
import type { Reporter, ReporterOptions } from "./reporter.js";
import { wireWarning } from "./wire-warning.js";

interface Vertex {
  readonly digest: StepId;
  readonly inputs?: readonly StepId[];
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: true;
  readonly error?: string;
}

/**
 * One line of BuildKit's `--progress=rawjson`: its SolveStatus, with the field names of its client.
 * Bytes are base64.
 */
interface SolveStatus {
  readonly vertexes?: readonly Vertex[];
  readonly statuses?: readonly object[];
  readonly logs?: readonly object[];
  readonly warnings?: readonly object[];
  /** Reasons why steps ran. The member is ours; readers of BuildKit's form ignore it. */
  readonly explanations?: readonly object[];
  /** Resources that steps used. The member is ours, too. */
  readonly usages?: readonly object[];
  /** Requests of steps through recording proxies. The member is ours, too. */
  readonly requests?: readonly object[];
}

/** Returns BuildKit's machine-readable progress: one JSON object a line. */
export function rawJsonReporter({ stream }: ReporterOptions): Reporter {
  const steps = new Map<StepId, AnnouncedStep>();
  const started = new Map<StepId, string>();
  const parts = new Map<string, string>();

  const vertex = (id: StepId, more: Omit<Partial<Vertex>, "digest" | "name" | "inputs">): SolveStatus => {
    const step = steps.get(id);
    const begun = started.get(id);
    return {
      vertexes: [
        {
          digest: id,
          ...(step && step.inputs.length > 0 ? { inputs: step.inputs } : {}),
          name: step?.name ?? id,
          ...(begun === undefined ? {} : { started: begun }),
          ...more,
        },
      ],
    };
  };

  const translate = (event: BuildEvent): SolveStatus => {
    switch (event.type) {
      case "steps":
        for (const step of event.steps) steps.set(step.id, step);
        return {
          vertexes: event.steps.map(({ id, inputs, name }) => ({ digest: id, ...(inputs.length > 0 ? { inputs } : {}), name })),
        };
      case "started":
        started.set(event.step, rfc3339(event.at));
        return vertex(event.step, {});
      case "cached":
        if (!started.has(event.step)) started.set(event.step, rfc3339(event.at));
        return vertex(event.step, { completed: rfc3339(event.at), cached: true });
      case "completed":
        return vertex(event.step, { completed: rfc3339(event.at) });
      case "failed":
        return vertex(event.step, { completed: rfc3339(event.at), error: event.error.message });
      case "canceled":
        return vertex(event.step, { completed: rfc3339(event.at), error: "context canceled" });
      case "output": {
        const data = Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength).toString("base64");
        return { logs: [{ vertex: event.step, stream: event.stream === "stdout" ? 1 : 2, data, timestamp: rfc3339(event.at) }] };
      }
      case "progress": {
        const key = `${event.step} ${event.item}`;
        const at = rfc3339(event.at);
        const begun = parts.get(key) ?? at;
        parts.set(key, begun);
        return {
          statuses: [
            {
              id: event.item,
              vertex: event.step,
              ...(event.total === undefined ? {} : { total: event.total }),
              current: event.current,
              timestamp: at,
              started: begun,
              ...(event.done ? { completed: at } : {}),
            },
          ],
        };
      }
      case "used":
        return { usages: [{ vertex: event.step, timestamp: rfc3339(event.at), ...event.usage }] };
      case "requested":
        return { requests: [{ vertex: event.step, timestamp: rfc3339(event.at), ...event.requests }] };
      case "explained":
        return { explanations: [{ vertex: event.step, timestamp: rfc3339(event.at), ...event.explanation }] };
      case "warning":
        return { warnings: [wireWarning(event.diagnostic, event.step)] };
    }
  };
  return {
    onEvent: (event) => void stream.write(`${jsonText(translate(event))}\n`),
    finish: () => undefined,
    showsOutput: true,
  };
}

/**
 * Returns milliseconds since the epoch as RFC 3339 with up to nine digits of fraction, without
 * final zeros.
 */
export function rfc3339(at: number): string {
  const seconds = Math.floor(at / 1000);
  const nanoseconds = Math.min(999_999_999, Math.round((at - seconds * 1000) * 1e6));
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ""}Z`;
}
