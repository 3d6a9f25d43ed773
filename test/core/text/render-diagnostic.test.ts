import test from "ava";
import type { SourceFile, SourceRange } from "../../../core/diagnostics.js";
import { renderExcerpt } from "../../../core/text/excerpt.js";
import { renderDiagnostic, renderDiagnostics } from "../../../core/text/render-diagnostic.js";

const source: SourceFile = {
  name: "Dockerfile",
  text: "FROM alpine AS builder\r\n\tRUN a \\\n  b \\\n  c\nCOPY --from=biulder /app /app\n",
};

function range(line: number, column: number, endLine: number, endColumn: number): SourceRange {
  return { start: 0, end: 0, line, column, endLine, endColumn };
}

test("a frame with the line before, the mark below and the hint last", (t) => {
  t.is(
    renderDiagnostic({
      severity: "error",
      code: "dockerfile/unknown-stage",
      message: 'Cannot copy from "biulder": no stage or named context has that name',
      source,
      range: range(5, 13, 5, 20),
      hint: 'did you mean "builder" (line 1)?',
    }),
    [
      'error[dockerfile/unknown-stage]: Cannot copy from "biulder": no stage or named context has that name',
      "  Dockerfile:5:13",
      "   4 |   c",
      "   5 | COPY --from=biulder /app /app",
      "     |             ^^^^^^^",
      'hint: did you mean "builder" (line 1)?',
    ].join("\n"),
  );
});

test("several lines, tabs and line ends of Windows keep marks in place; warnings show their rule", (t) => {
  t.is(
    renderDiagnostic({
      severity: "warning",
      code: "dockerfile/X",
      rule: "RuleX",
      message: "M",
      source,
      range: range(2, 2, 4, 4),
      url: "https://example",
    }),
    [
      "warning[RuleX]: M",
      "  Dockerfile:2:2",
      "   1 | FROM alpine AS builder",
      "   2 |  RUN a \\",
      "     |  ^^^^^^^",
      "   3 |   b \\",
      "     |   ^^^",
      "   4 |   c",
      "     |   ^",
      "see: https://example",
    ].join("\n"),
  );
});

test("long ranges are cut in the middle, long lines around the mark, control characters never come through", (t) => {
  const long: SourceFile = {
    name: "D",
    text: `${Array.from({ length: 20 }, (_, i) => `line${i}`).join("\n")}\n${"x".repeat(400)}\u001b[31m`,
  };
  const lines = renderDiagnostic({ severity: "error", code: "c", message: "m", source: long, range: range(3, 1, 18, 3) }).split("\n");
  t.true(lines.some((line) => line.endsWith("| …")));
  t.true(lines.length < 16);
  const cut = renderDiagnostic({ severity: "error", code: "c", message: "m", source: long, range: range(21, 398, 21, 404) });
  t.false(cut.includes("\u001b"));
  t.true(cut.split("\n").every((line) => line.length < 200));
  t.true(cut.includes("^^^^^^"));
});

test("passwords in addresses are covered, and marks stay below their words", (t) => {
  const file: SourceFile = { name: "D", text: "ADD http://me:secret@host/x /y nope" };
  const [, , line, mark] = renderDiagnostic({ severity: "error", code: "c", message: "m", source: file, range: range(1, 32, 1, 36) }).split(
    "\n",
  );
  t.is(line, "   1 | ADD http://*********@host/x /y nope");
  t.is(mark?.indexOf("^"), line?.indexOf("nope"));
});

test("related places, and no source at all", (t) => {
  const related = [{ message: "first defined here", source, range: range(1, 6, 1, 12) }];
  t.is(
    renderDiagnostic({ severity: "error", code: "a", message: "one", related }),
    "error[a]: one\nnote: first defined here\n  Dockerfile:1:6\n   1 | FROM alpine AS builder\n     |      ^^^^^^",
  );
  t.is(renderDiagnostic({ severity: "error", code: "b", message: "two" }), "error[b]: two");
});

test("errors of one code have a hint that they share once", (t) => {
  const error = { severity: "error", code: "registry/unreachable", message: "m", hint: "check the network" } as const;
  const warning = { ...error, severity: "warning" } as const;
  t.deepEqual(renderDiagnostics([error, error, { ...error, hint: "other" }, { ...error, code: "a/b" }, warning, warning]), [
    "error[registry/unreachable]: m\nhint: check the network",
    "error[registry/unreachable]: m",
    "error[registry/unreachable]: m\nhint: other",
    "error[a/b]: m\nhint: check the network",
    "warning[registry/unreachable]: m\nhint: check the network",
    "warning[registry/unreachable]: m\nhint: check the network",
  ]);
});

test("a text is cut into lines once, however many diagnostics point into it", (t) => {
  let reads = 0;
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
  const counted: SourceFile = {
    name: "Dockerfile",
    get text() {
      reads++;
      return lines.join("\n");
    },
  };
  for (let line = 1; line <= lines.length; line++) {
    const place = range(line, 1, line, 5);
    t.true(
      renderDiagnostic({ severity: "warning", code: "a/b", message: "m", source: counted, range: place }).includes(`| line ${line - 1}`),
    );
    t.true(renderExcerpt(counted, place).includes(`>>> line ${line - 1}`));
  }
  t.is(reads, 1);
});
