/** One simple command of a shell script. */
export interface ShellCommand {
  /**
   * Words with quotes removed, variables and substitutions as written; without the assignments,
   * keywords and redirections in front.
   */
  readonly words: readonly string[];
  /** Keywords and programs in front that start others: `if`, `!`, `sudo`. */
  readonly before: readonly string[];
  /** Offset of the first character; `end` is the offset after the last one. */
  readonly start: number;
  readonly end: number;
  /** Operator before the command; `operatorAt` is its offset. */
  readonly operator: Operator;
  readonly operatorAt: number;
}

type Operator = "" | "|" | "&&" | "||" | "&" | ";" | "\n" | "(" | ")";

const OPERATORS = ["&&", "||", "|&", ";;", "|", "&", ";", "\n", "(", ")"];
const KEYWORDS = new Set([
  "if",
  "then",
  "elif",
  "else",
  "while",
  "until",
  "do",
  "!",
  "{",
  "time",
  "exec",
  "command",
  "sudo",
  "env",
  "nohup",
]);

/**
 * Returns the simple commands of a script in order. Note that this is no shell: the inside of a
 * substitution is part of a word, and unknown syntax counts as words. Rules must be content with
 * seeing too little.
 */
export function shellCommands(script: string): readonly ShellCommand[] {
  return new Scanner(script).scan();
}

class Scanner {
  readonly text: string;
  readonly #commands: ShellCommand[] = [];
  #at = 0;
  #words: { readonly text: string; readonly start: number; readonly end: number }[] = [];
  #operator: Operator = "";
  #operatorAt = 0;
  /** End markers of heredocs that begin on the next line. */
  #heredocs: string[] = [];
  /** Keywords without a command yet: `then` at the end of a line. */
  #before: string[] = [];
  #caseDepth = 0;

  constructor(text: string) {
    this.text = text;
  }

  scan(): readonly ShellCommand[] {
    while (this.#at < this.text.length) this.#step();
    this.#finish();
    return this.#commands;
  }

  #step(): void {
    const { text } = this;
    const char = text[this.#at] as string;
    const isTest = this.#words[0]?.text === "[[";
    if (char === " " || char === "\t" || char === "\r" || (isTest && char === "\n")) this.#at++;
    else if (text.startsWith("\\\n", this.#at)) this.#at += 2;
    else if (char === "#") this.#skipTo(text.indexOf("\n", this.#at));
    else if (char === "<" || char === ">") this.#redirection();
    else {
      const operator = OPERATORS.find((candidate) => text.startsWith(candidate, this.#at));
      if (operator === undefined || isTest) this.#word();
      else this.#operate(operator);
    }
  }

  #operate(operator: string): void {
    // `&>file` is a redirection.
    if (operator === "&" && this.text[this.#at + 1] === ">") {
      this.#at++;
      return;
    }
    this.#finish();
    this.#operator = operator === "|&" ? "|" : operator === ";;" ? ";" : (operator as Operator);
    this.#operatorAt = this.#at;
    this.#at += operator.length;
    if (operator === "\n") this.#skipHeredocs();
    if (operator === ";;" && this.#caseDepth > 0) this.#skipPattern();
  }

  #word(): void {
    const start = this.#at;
    const value = this.#scanWord();
    const end = this.#at;
    // `]]` ends the test that `[[` began, and a word between them starts no command.
    this.#words.push({ text: value, start, end });
    const [first] = this.#words;
    if (first?.text === "case" && value === "in" && this.#words.length > 1) {
      this.#caseDepth++;
      this.#words = [];
      this.#skipPattern();
    } else if (first?.text === "esac") this.#caseDepth = Math.max(0, this.#caseDepth - 1);
    else if (first?.text === "[[" && value === "]]") {
      this.#words = [{ text: "test", start: first.start, end }];
    }
  }

  /** Skips `a|b)` of a case. */
  #skipPattern(): void {
    const rest = /^(?:\s|#[^\n]*\n)*/.exec(this.text.slice(this.#at))?.[0].length ?? 0;
    if (/^esac\b/.test(this.text.slice(this.#at + rest))) return;
    const close = this.text.indexOf(")", this.#at);
    this.#skipTo(close === -1 ? -1 : close + 1);
  }

  #redirection(): void {
    // `2>file`: the number belongs to the redirection.
    const last = this.#words[this.#words.length - 1];
    if (last && last.end === this.#at && /^\d$/.test(last.text)) this.#words.pop();
    const heredoc = /^<<-?\s*(["']?)([A-Za-z_][A-Za-z0-9_]*)\1/.exec(this.text.slice(this.#at));
    if (heredoc) {
      this.#heredocs.push(heredoc[2] as string);
      this.#at += heredoc[0].length;
    } else if (/^[<>]\(/.test(this.text.slice(this.#at, this.#at + 2))) this.#word();
    else this.#at += /^[<>]+[&|]?\d*-?/.exec(this.text.slice(this.#at))?.[0].length ?? 1;
  }

  #skipHeredocs(): void {
    for (const name of this.#heredocs) {
      const end = new RegExp(`^\\t*${name}\\r?$`, "m").exec(this.text.slice(this.#at));
      this.#skipTo(end ? this.#at + end.index + end[0].length : -1);
    }
    this.#heredocs = [];
  }

  #scanWord(): string {
    let value = "";
    for (;;) {
      const char = this.text[this.#at];
      if (char === undefined || " \t\r\n".includes(char)) return value;
      if (";&|()".includes(char) && this.#words[0]?.text !== "[[") return value;
      if ((char === "<" || char === ">") && this.text[this.#at + 1] !== "(" && value !== "") return value;
      value += this.#piece(char);
    }
  }

  #piece(char: string): string {
    const { text } = this;
    const from = this.#at;
    if (char === "\\") {
      this.#skipTo(from + 2);
      return text[from + 1] === "\n" ? "" : (text[from + 1] ?? "");
    }
    if (char === "'") {
      const end = text.indexOf("'", from + 1);
      this.#skipTo(end === -1 ? -1 : end + 1);
      return text.slice(from + 1, this.#at - 1);
    }
    if (char === '"') {
      let end = from + 1;
      while (end < text.length && text[end] !== '"') {
        if (text[end] === "\\") end += 2;
        else if (text.startsWith("$(", end)) end = closing(text, end + 1);
        else end++;
      }
      this.#skipTo(end + 1);
      return text.slice(from + 1, end);
    }
    if (char === "`") {
      const end = text.indexOf("`", from + 1);
      this.#skipTo(end === -1 ? -1 : end + 1);
      return text.slice(from, this.#at);
    }
    if ((char === "$" || char === "<" || char === ">") && text[from + 1] === "(") {
      this.#skipTo(closing(text, from + 1));
      return text.slice(from, this.#at);
    }
    if (char === "$" && text[from + 1] === "{") {
      const end = text.indexOf("}", from);
      this.#skipTo(end === -1 ? -1 : end + 1);
      return text.slice(from, this.#at);
    }
    this.#at++;
    return char;
  }

  #skipTo(at: number): void {
    this.#at = at === -1 ? this.text.length : Math.min(at, this.text.length);
  }

  #finish(): void {
    const words = [...this.#words];
    this.#words = [];
    while (words[0] && (KEYWORDS.has(words[0].text) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0].text))) {
      const keyword = words.shift();
      if (keyword && KEYWORDS.has(keyword.text)) this.#before.push(keyword.text);
      // Options of sudo and env.
      if (keyword?.text === "sudo" || keyword?.text === "env") while (words[0]?.text.startsWith("-")) words.shift();
    }
    const [first] = words;
    const last = words[words.length - 1];
    if (!first || !last) return;
    this.#commands.push({
      words: words.map((word) => word.text),
      before: this.#before,
      start: first.start,
      end: last.end,
      operator: this.#operator,
      operatorAt: this.#operatorAt,
    });
    this.#before = [];
  }
}

/** Returns the offset after the parenthesis that closes the one at `at`. */
function closing(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (char === "'") {
      const end = text.indexOf("'", i + 1);
      if (end === -1) return text.length;
      i = end;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return i + 1;
  }
  return text.length;
}
