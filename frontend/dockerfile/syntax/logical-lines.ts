import type { Heredoc } from "../ast.js";
import * as errors from "../errors/errors.js";
import { ExpansionError } from "../values/expansion-error.js";
import { type HeredocStart, heredocsOfLine } from "./heredoc.js";
import type { Problem } from "../problem.js";
import type { LineMap } from "../../../core/text/line-map.js";
import { JoinedText, type PhysicalLine } from "./source-lines.js";
import { scanJsonArray, skipFlags } from "./words.js";

/** One instruction's line in the joined text. */
export interface LogicalLine {
  /** Offset in the joined text of the first character. */
  readonly start: number;
  readonly text: string;
  /** Text with the blanks at its end. */
  readonly untrimmed: string;
  readonly comments: readonly string[];
  readonly heredocs: readonly Heredoc[];
  /** Offset in the file after the last heredoc's end marker; undefined without heredocs. */
  readonly heredocEnd?: number;
}

interface LogicalLines {
  readonly joined: JoinedText;
  readonly lines: readonly LogicalLine[];
  readonly problems: readonly Problem[];
}

const HEREDOC_INSTRUCTION = /^(?:onbuild\s+)?(?:run|copy|add)(?=\s)/i;

/**
 * Joins continued lines, drops comments and empty lines, and takes heredoc bodies out. Lines are
 * joined before the lexer, because a token grammar cannot express two things: the escape directive
 * decides which lines continue, and a line decides which following lines are its data.
 */
export function logicalLines(physical: readonly PhysicalLine[], escape: string, map: LineMap): LogicalLines {
  const joined = new JoinedText();
  const lines: LogicalLine[] = [];
  const problems: Problem[] = [];
  const continuation = new RegExp(`(^|[^\\${escape}])\\${escape}[ \\t]*$`);
  let comments: string[] = [];

  for (let i = 0; i < physical.length; i++) {
    const line = physical[i] as PhysicalLine;
    const trimmed = line.text.trimStart();
    if (trimmed.startsWith("#")) {
      const comment = trimmed.slice(1).trim();
      if (comment === "") comments = [];
      else comments.push(comment);
      continue;
    }
    if (trimmed === "") {
      comments = [];
      continue;
    }
    const start = joined.length;
    let text = "";
    const empty: PhysicalLine[] = [];
    let piece = trimmed;
    let pieceStart = line.start + line.text.length - trimmed.length;
    for (;;) {
      const match = continuation.exec(piece);
      const kept = match ? piece.slice(0, match.index + (match[1] as string).length) : piece;
      joined.append(kept, pieceStart);
      text += kept;
      if (!match) break;
      let next = physical[++i];
      while (next && isSkipped(next)) {
        if (next.text.trim() === "") empty.push(next);
        next = physical[++i];
      }
      if (!next) break;
      piece = next.text;
      pieceStart = next.start;
    }
    const [first] = empty;
    if (first) {
      const lines = empty.map((line) => map.range(line.start, line.next));
      problems.push(errors.emptyContinuation(map.range(first.start, first.start + first.text.length), lines));
    }
    const bodies = readHeredocs(text, physical, i + 1, map);
    if ("problem" in bodies) {
      const from = joined.sourceOffset(start);
      problems.push(bodies.problem(map.range(from, joined.sourceOffset(start + text.trimEnd().length - 1) + 1)));
    }
    i = bodies.next - 1;
    joined.append("\n", line.next);
    // An escape character alone continues into nothing.
    if (text.trim() === "") continue;
    lines.push({
      start,
      text: text.trim(),
      untrimmed: text,
      comments,
      heredocs: bodies.heredocs,
      ...(bodies.heredocs.length > 0 ? { heredocEnd: (bodies.heredocs[bodies.heredocs.length - 1] as Heredoc).range.end } : {}),
    });
    comments = [];
  }
  return { joined, lines, problems };
}

/** Returns true for comments and empty lines inside a continued instruction, which are skipped. */
function isSkipped(line: PhysicalLine): boolean {
  const text = line.text.trimStart();
  return text === "" || text.startsWith("#");
}

type Bodies = { readonly heredocs: readonly Heredoc[]; readonly next: number } & (
  | { readonly problem: (range: ReturnType<LineMap["range"]>) => Problem }
  | object
);

function readHeredocs(text: string, physical: readonly PhysicalLine[], from: number, map: LineMap): Bodies {
  const none = { heredocs: [], next: from };
  const keyword = text.includes("<<") ? HEREDOC_INSTRUCTION.exec(text) : null;
  if (!keyword || scanJsonArray(text, skipFlags(text, keyword[0].length))) return none;
  let starts: HeredocStart[];
  try {
    starts = heredocsOfLine(text);
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    return { ...none, problem: (range) => errors.invalidHeredocWord(error.message, range) };
  }
  const heredocs: Heredoc[] = [];
  let next = from;
  for (const start of starts) {
    const first = physical[next];
    let content = "";
    let end: PhysicalLine | undefined;
    while (next < physical.length && !end) {
      const line = physical[next++] as PhysicalLine;
      if ((start.chomp ? line.text.replace(/^\t+/, "") : line.text) === start.name) end = line;
      else content += line.raw;
    }
    if (!first || !end) return { heredocs, next, problem: (range) => errors.unterminatedHeredoc(start.name, range) };
    heredocs.push({ ...start, content, range: map.range(first.start, end.start + end.text.length) });
  }
  return { heredocs, next };
}
