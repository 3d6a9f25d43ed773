import type { IToken } from "chevrotain";
import type { Expression, Place, TemplatePart } from "../ast.js";
import { string } from "../values/value.js";

/** Text of a template while it is read: trims and indentation still change it. */
interface Text {
  readonly kind: "text";
  text: string;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

/**
 * Reads the text of one template, token by token in the order of the file: resolves escapes, and
 * takes away the blanks that `~` and `<<-` take away.
 */
export class TemplateReader {
  /** Every piece in the order of the file; undefined for a piece that is no text. */
  readonly #pieces: (Text | undefined)[] = [];
  #trimNext = false;

  /** Returns the parts of a text token. A heredoc has one for each line, as HCL's own scanner. */
  text(image: string, form: "quoted" | "heredoc" | "bare", bad: (escape: string, at: number) => void): TemplatePart[] {
    const plain = form === "quoted" ? unescape(image, bad) : image;
    const text = plain.replace(/\$\$\{/g, "${").replace(/%%\{/g, "%{");
    const texts = (form === "heredoc" ? (text.match(/[^\n]*\n|[^\n]+/g) ?? []) : [text]).map(
      (line): Text => ({ kind: "text", text: line }),
    );
    const [first] = texts;
    if (first && this.#trimNext) first.text = first.text.trimStart();
    this.#trimNext = false;
    this.#pieces.push(...texts);
    return texts;
  }

  /** Takes note of a marker that opens an interpolation or a directive. */
  open(token: IToken): void {
    this.#trimNext = false;
    const last = this.#pieces.at(-1);
    if (last && token.image.charAt(2) === "~") last.text = last.text.trimEnd();
    this.#pieces.push(undefined);
  }

  /** Takes note of its end. */
  close(token: IToken): void {
    this.#trimNext = token.image.endsWith("~}");
  }

  /** Takes away the indentation that all lines of a heredoc have in common. */
  outdent(): void {
    const starts: Text[] = [];
    let least = Number.POSITIVE_INFINITY;
    let atStart = true;
    for (const piece of this.#pieces) {
      if (atStart) {
        const blank = piece !== undefined && piece.text.trim() === "" && piece.text.endsWith("\n");
        if (piece && !blank) starts.push(piece);
        if (!blank) least = Math.min(least, piece ? piece.text.length - piece.text.trimStart().length : 0);
      }
      atStart = piece?.text.endsWith("\n") ?? false;
    }
    for (const piece of starts) piece.text = piece.text.slice(least);
  }
}

/** Returns the expression of a template: its text, its one value, or both joined. */
export function templateExpression(parts: readonly TemplatePart[], place: Place): Expression {
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "interpolation") return { kind: "wrap", inner: first.value, ...place };
  const texts = parts.filter((part) => part.kind === "text");
  if (texts.length === parts.length) return { kind: "literal", value: string(texts.map(({ text }) => text).join("")), ...place };
  return { kind: "template", parts, ...place };
}

function unescape(image: string, bad: (escape: string, at: number) => void): string {
  return image.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g,
    (whole: string, short: string, long: string, letter: string, at: number) => {
      if (letter === undefined) {
        const code = Number.parseInt(short ?? long, 16);
        if (code <= 0x10ffff) return String.fromCodePoint(code);
      } else if (Object.hasOwn(ESCAPES, letter)) return ESCAPES[letter] as string;
      bad(whole, at);
      return whole;
    },
  );
}
