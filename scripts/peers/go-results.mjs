// Reads the integration cases in the output of a Go test binary.

/**
 * A case is a subtest that names its worker and its place in the matrices of the tests. Its own
 * subtests belong to it.
 */
const CASE = /^[^/]+\/(.+?)\/worker=[^/]+((?:\/(?:env|frontend|netmode|network\.host|secmode|security\.insecure)=[^/]+)*)$/;

/** Returns the name of a case without its worker: `TestRun` or `TestRun/frontend=client`. */
function caseName(test) {
  const [, name, matrix] = CASE.exec(test) ?? [];
  return name === undefined ? undefined : name + matrix;
}

const VERDICT = /^\s*--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)$/;
const TURN = /^=== (RUN|PAUSE|CONT|NAME)\s+(\S+)$/;
const WORDS = { PASS: "passed", FAIL: "failed", SKIP: "skipped" };

/**
 * Collects the cases of `-test.v=test2json`, in which a verdict comes when a case ends, and not
 * when all do, and lines begin with a mark. A case without a verdict did not end: a panic stopped
 * it, or all of them.
 */
export class Results {
  /** @type {Map<string, { status: string, seconds: number, output: string[] }>} */
  cases = new Map();
  #turn;

  /** Takes one line. Calls `report` with the name of a case whose verdict it is. */
  line(marked, report = () => undefined) {
    const text = marked.replaceAll("\x16", "");
    const [, , turn] = TURN.exec(text) ?? [];
    if (turn !== undefined) {
      this.#turn = turn;
      const name = caseName(turn);
      if (name !== undefined && !this.cases.has(name)) this.cases.set(name, { status: "unfinished", seconds: 0, output: [] });
      return;
    }
    const [, verdict, test, seconds] = VERDICT.exec(text) ?? [];
    if (test !== undefined) this.#turn = test;
    const name = test === undefined ? undefined : caseName(test);
    if (name === undefined) return this.#keep(text);
    const known = this.cases.get(name) ?? { output: [] };
    this.cases.set(name, { ...known, status: WORDS[verdict], seconds: Number(seconds) });
    report(name);
  }

  /** Keeps a line of output with the case that is running. */
  #keep(text) {
    const owner = [...parents(this.#turn ?? "")].map(caseName).find((name) => name !== undefined && this.cases.has(name));
    this.cases.get(owner)?.output.push(text);
  }
}

function* parents(test) {
  for (let end = test.length; end > 0; end = test.lastIndexOf("/", end - 1)) yield test.slice(0, end);
}

const NOISE = /^\s*(?:sandbox\.go|run\.go):\d+:|^\s*(?:Error Trace|Test|Messages):|^\s*\S+\.go:\d+:\s*$|^\s+\S+\.go:\d+$/;

/** Returns a line that says why a case failed or was skipped. */
export function reasonOf({ output }) {
  const at = output.findIndex((line) => /^\s*Error:/.test(line));
  const error = at < 0 ? undefined : output.slice(at, at + 6).map((line) => line.replace(/^\s*Error:/, "").trim());
  const lines = (error ?? output.filter((line) => !NOISE.test(line)).map((line) => line.replace(/^\s*\S+\.go:\d+: /, "").trim())).filter(
    Boolean,
  );
  return lines
    .filter((line) => !/^(?:Error Trace|Test|Messages):/.test(line))
    .slice(0, 4)
    .join(" ")
    .slice(0, 300);
}

/** Returns the counts of a run. */
export function countsOf(cases) {
  const counts = { passed: 0, failed: 0, skipped: 0, unfinished: 0 };
  for (const { status } of cases.values()) counts[status]++;
  return counts;
}
