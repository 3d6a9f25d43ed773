import type { SourceFile, SourceRange } from "../../core/diagnostics.js";
import type { Body, ExpressionNode } from "./ast.js";
import { Fraction } from "./values/number.js";
import { bool, NULL, number, string, type Value } from "./values/value.js";

/** Version of the text. Every change of the tree, or of how a file is read, raises it. */
export const BODY_FORMAT = 1;

type KeptValue = null | boolean | string | readonly [numerator: string, denominator: string];
type KeptRange = readonly [start: number, end: number, line: number, column: number, endLine: number, endColumn: number];

/** Returns the tree of a file as a text that {@link bodyOf} reads. The text holds no source. */
export function bodyText(body: Body): string {
  return JSON.stringify(body, function (this: Partial<ExpressionNode>, name: string, value: unknown): unknown {
    if (name === "source") return undefined;
    if (name === "range") return keptRange(value as SourceRange);
    return name === "value" && this.kind === "literal" ? keptValue(value as Value) : value;
  });
}

/** Returns the tree of a file from the text of {@link bodyText}. */
export function bodyOf(text: string, source: SourceFile): Body {
  return JSON.parse(text, function (this: Partial<ExpressionNode> & { source?: SourceFile }, name: string, value: unknown): unknown {
    if (name === "range") {
      this.source = source;
      return rangeOf(value as KeptRange);
    }
    return name === "value" && this.kind === "literal" ? valueOf(value as KeptValue) : value;
  }) as Body;
}

function keptRange({ start, end, line, column, endLine, endColumn }: SourceRange): KeptRange {
  return [start, end, line, column, endLine, endColumn];
}

function rangeOf([start, end, line, column, endLine, endColumn]: KeptRange): SourceRange {
  return { start, end, line, column, endLine, endColumn };
}

/** Returns the value of a literal, which is never a collection. */
function keptValue({ data }: Value): KeptValue {
  if (data instanceof Fraction) return [String(data.numerator), String(data.denominator)];
  if (data === null || typeof data === "boolean" || typeof data === "string") return data;
  throw new Error("internal: a literal holds a collection");
}

function valueOf(kept: KeptValue): Value {
  if (kept === null) return NULL;
  if (typeof kept === "boolean") return bool(kept);
  if (typeof kept === "string") return string(kept);
  return number(Fraction.of(BigInt(kept[0]), BigInt(kept[1])));
}
