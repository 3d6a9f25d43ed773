/** What was measured of one case. */
export interface CaseResult {
  readonly workload: string;
  readonly name: string;
  readonly goal: number | undefined;
  /** Builder → milliseconds, one a round. The first builder is tsbuild. */
  readonly durations: Readonly<Record<string, readonly number[]>>;
  /** Bytes, ours. */
  readonly peakMemory: number | undefined;
  /** Builder → why it could not take part. */
  readonly failures: Readonly<Record<string, string>>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** A Markdown table: a line a case, medians in milliseconds, ratio of tsbuild's to each peer's. */
export function renderReport(results: readonly CaseResult[], builders: readonly string[]): string {
  const [, ...others] = builders;
  const head = ["workload", "case", "tsbuild", ...others.flatMap((name) => [name, "ratio"]), "goal", "peak memory"];
  const rows = results.map((result) => {
    const ours = result.durations["tsbuild"];
    const cells = others.flatMap((name) => {
      const theirs = result.durations[name];
      if (result.failures[name] !== undefined) return ["failed", ""];
      if (!theirs || theirs.length === 0) return ["", ""];
      return [milliseconds(theirs), ours && ours.length > 0 ? `${(median(ours) / median(theirs)).toFixed(2)}x` : ""];
    });
    const memory = result.peakMemory ? `${Math.round(result.peakMemory / 1e6)} MB` : "";
    const own = result.failures["tsbuild"] !== undefined ? "failed" : ours && ours.length > 0 ? milliseconds(ours) : "";
    return [result.workload, result.name, own, ...cells, result.goal === undefined ? "" : `${result.goal}x`, memory];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const failures = results.flatMap((result) =>
    Object.entries(result.failures).map(
      ([name, why]) => `- ${result.workload}, ${result.name}, ${name}: ${why.trim().split("\n").slice(0, 8).join("\n  ")}`,
    ),
  );
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n${failures.length > 0 ? `\nFailed:\n${failures.join("\n")}\n` : ""}`;
}

function milliseconds(values: readonly number[]): string {
  const value = median(values);
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}
