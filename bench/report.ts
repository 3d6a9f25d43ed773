/** Measurements of one case. */
export interface CaseResult {
  readonly workload: string;
  readonly name: string;
  readonly goal: number | undefined;
  /** Milliseconds of each round, by builder. The first builder is tsbuild. */
  readonly durations: Readonly<Record<string, readonly number[]>>;
  /** Peak memory of tsbuild in bytes. */
  readonly peakMemory: number | undefined;
  /** Reasons why builders could not take part, by builder. */
  readonly failures: Readonly<Record<string, string>>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Column of the library. Its ratios stand beside the command's. */
const LIBRARY = "tsbuild library";

/**
 * Returns a Markdown table with a line for each case: medians in milliseconds, and the ratio of
 * tsbuild's to each peer's.
 */
export function renderReport(results: readonly CaseResult[], builders: readonly string[]): string {
  const peers = builders.filter((name) => !name.startsWith("tsbuild"));
  const sides = ["tsbuild", ...builders.filter((name) => name === LIBRARY)];
  const head = [
    "workload",
    "case",
    ...builders,
    ...sides.flatMap((side) => peers.map((peer) => `${side} / ${peer}`)),
    "goal",
    "peak memory",
  ];
  const rows = results.map((result) => {
    const time = (name: string): string => (result.failures[name] === undefined ? milliseconds(result.durations[name]) : "failed");
    const ratios = sides.flatMap((side) => peers.map((peer) => ratio(result.durations[side], result.durations[peer])));
    const memory = result.peakMemory ? `${Math.round(result.peakMemory / 1e6)} MB` : "";
    return [result.workload, result.name, ...builders.map(time), ...ratios, result.goal === undefined ? "" : `${result.goal}x`, memory];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const failures = results.flatMap((result) =>
    Object.entries(result.failures).map(
      ([name, why]) => `- ${result.workload}, ${result.name}, ${name}: ${why.trim().split("\n").slice(0, 8).join("\n  ")}`,
    ),
  );
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n${failures.length > 0 ? `\nFailed:\n${failures.join("\n")}\n` : ""}`;
}

function ratio(ours: readonly number[] | undefined, theirs: readonly number[] | undefined): string {
  return ours?.length && theirs?.length ? `${(median(ours) / median(theirs)).toFixed(2)}x` : "";
}

function milliseconds(values: readonly number[] | undefined): string {
  if (!values?.length) return "";
  const value = median(values);
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}
