import { ExecError, TsbuildError } from "../../core/errors.js";

/** Outcome of a stage that is a test. */
export interface TestOutcome {
  readonly name: string;
  readonly seconds: number;
  readonly error: unknown;
}

/** Returns a report that test tools read. */
export function testReport(form: "tap" | "junit", outcomes: readonly TestOutcome[]): string {
  return form === "tap" ? tap(outcomes) : junit(outcomes);
}

function tap(outcomes: readonly TestOutcome[]): string {
  const lines = outcomes.flatMap(({ name, error, seconds }, index) => [
    `${error === undefined ? "ok" : "not ok"} ${index + 1} - ${name.replaceAll("#", "\\#")}`,
    "  ---",
    `  duration_ms: ${Math.round(seconds * 1000)}`,
    ...(error === undefined ? [] : [`  message: ${JSON.stringify(messageOf(error))}`, ...block(outputOf(error))]),
    "  ...",
  ]);
  return `TAP version 13\n1..${outcomes.length}\n${lines.map((line) => `${line}\n`).join("")}`;
}

function block(output: string): readonly string[] {
  return output === "" ? [] : ["  output: |-", ...output.split("\n").map((line) => `    ${line}`)];
}

function junit(outcomes: readonly TestOutcome[]): string {
  const total = outcomes.reduce((sum, { seconds }) => sum + seconds, 0);
  const failures = outcomes.filter(({ error }) => error !== undefined).length;
  const cases = outcomes.map(({ name, seconds, error }) => {
    const head = `    <testcase name="${escaped(name)}" classname="Dockerfile" time="${seconds.toFixed(3)}"`;
    if (error === undefined) return `${head}/>\n`;
    return `${head}>\n      <failure message="${escaped(messageOf(error))}">${escaped(outputOf(error))}</failure>\n    </testcase>\n`;
  });
  const counts = `tests="${outcomes.length}" failures="${failures}" time="${total.toFixed(3)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="tsbuild" ${counts}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`;
}

function messageOf(error: unknown): string {
  const step = error instanceof TsbuildError && error.step !== undefined ? `${error.step}: ` : "";
  return step + (error instanceof Error ? error.message : String(error));
}

/** Returns what the failed step printed last. */
function outputOf(error: unknown): string {
  return error instanceof ExecError ? error.outputTail.trimEnd() : "";
}

/** Writes a text for XML, without the characters that it cannot have. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
