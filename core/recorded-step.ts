import type { StepInfo, StepPlace } from "./step.js";

/**
 * Returns the step that a record names. Graphs, events and recorded builds hold steps as values.
 * The store's results, the caches of other machines (BuildKit's among them) and builds recorded by
 * version 0.1 hold the name alone, and their formats stay as they are. `stepName` of the answer is
 * the name again.
 */
export function recordedStep(name: string): StepInfo {
  const [, head, text] = /^\[([^\]]*)\] (.*)$/s.exec(name) ?? [];
  const read = head === undefined || text === undefined ? undefined : bracketed(head, text);
  return read ?? baseOf(name) ?? { kind: "export", text: name };
}

function bracketed(head: string, text: string): StepInfo | undefined {
  const place = placeOf(head);
  if (place) {
    const base = baseOf(text, place);
    return base ?? { kind: "instruction", ...place, text };
  }
  const [, platform] = /^(?:(\S+) )?internal$/.exec(head) ?? [];
  if (platform !== undefined) return { kind: "internal", platform, text };
  if (head === "internal") return text === "load build context" ? { kind: "context" } : { kind: "internal", text };
  const [, name] = /^context (.*)$/s.exec(head) ?? [];
  if (name === undefined) return undefined;
  return { kind: "context", name, ...(text === "load from client" ? {} : { load: text }) };
}

/** Reads `linux/arm64 build 2/4`. A platform has a slash, the name of a stage has none. */
function placeOf(head: string): StepPlace | undefined {
  const [, platform, stage = "", position, of] = /^(?:([^ /]+\/[^ ]+) )?(?:([^ /]+) )? *(\d+)\/(\d+)$/.exec(head) ?? [];
  if (position === undefined || of === undefined) return undefined;
  return { stage, position: Number(position), of: Number(of), ...(platform === undefined ? {} : { platform }) };
}

function baseOf(text: string, place?: StepPlace): StepInfo | undefined {
  const [, ref, digest] = /^FROM ([^\s@]+)(?:@(\S+))?$/.exec(text) ?? [];
  if (ref === undefined) return undefined;
  return { kind: "base", ref, ...(digest === undefined ? {} : { digest }), ...(place === undefined ? {} : { place }) };
}

/**
 * Returns the name of a step among those of several targets. A stage that is named as the target is
 * shown once: `[test 1/2] RUN make`.
 */
export function nameOfTarget(target: string, step: string): string {
  if (!step.startsWith("[")) return `[${target}] ${step}`;
  const [, platform = "", stage] = /^\[(\S+ )?(\S+) +\d+\/\d+\] /.exec(step) ?? [];
  return `[${target} ${stage === target ? platform + step.slice(platform.length + stage.length + 2) : step.slice(1)}`;
}
