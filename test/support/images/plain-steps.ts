/** One step as `--progress=plain` showed it. */
export interface PlainStep {
  /** Without the `[stage 2/4]` before it. */
  readonly name: string;
  /** `[stage 2/4]`, or empty. */
  readonly place: string;
  readonly status: "CACHED" | "DONE" | "ERROR" | "CANCELED" | "open";
  /** Output of the step, line by line, without the seconds. */
  readonly output: readonly string[];
}

/** Line that the first step prints where its isolation or its network is not the usual one. */
export const ISOLATION = /^(?:tsbuild: steps (?:run with isolation|share the host's network).*\n?)+/;

/**
 * Parses plain progress. The first line of a number names its step; the name comes again when the
 * display returns to it.
 */
export function parsePlain(text: string): readonly PlainStep[] {
  const steps = new Map<string, { title: string; status: PlainStep["status"]; output: string[] }>();
  for (const line of text.split("\n")) {
    const match = /^#(\d+) (.*)$/.exec(line);
    if (!match) continue;
    const [, number = "", rest = ""] = match;
    const step = steps.get(number);
    if (!step) {
      steps.set(number, { title: rest, status: "open", output: [] });
      continue;
    }
    const status = /^(CACHED|CANCELED|DONE|ERROR)\b/.exec(rest)?.[1] as PlainStep["status"] | undefined;
    const output = /^\d+\.\d+ (.*)$/.exec(rest);
    if (status) step.status = status;
    else if (output && !ISOLATION.test(output[1] ?? "")) step.output.push(output[1] ?? "");
  }
  return [...steps.values()].map(({ title, status, output }) => {
    const [, place = "", name = ""] = /^(\[[^\]]*\])? ?(.*)$/.exec(title) ?? [];
    return { place, name: name.replace(/@sha256:[0-9a-f]{64}/, ""), status, output };
  });
}

/** Returns true for a step that only looks up an image or a context. */
function isLookup({ name }: PlainStep): boolean {
  return name.startsWith("load metadata for ");
}

/**
 * Returns the steps of a Dockerfile's instructions, apart from FROM: names by status, in the order
 * of first appearance.
 */
export function instructionSteps(text: string): Readonly<Record<PlainStep["status"], readonly string[]>> {
  const by: Record<PlainStep["status"], string[]> = { CACHED: [], DONE: [], ERROR: [], CANCELED: [], open: [] };
  for (const step of parsePlain(text)) {
    if (/^\[(internal|auth)\]/.test(step.place) || step.place === "" || step.name.startsWith("FROM ") || isLookup(step)) continue;
    by[step.status].push(step.name);
  }
  return by;
}
