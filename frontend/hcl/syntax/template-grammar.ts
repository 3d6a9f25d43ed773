import { EmbeddedActionsParser, type IToken, type ParserMethod } from "chevrotain";
import type { Expression, Place, TemplatePart } from "../ast.js";
import { EXPECTATIONS } from "./expectations.js";
import { templateExpression, TemplateReader } from "./templates.js";
import * as T from "./tokens.js";

/** Turns tokens into places and takes problems of their text. Each file has its own. */
export interface NodeBuilder {
  place(start: IToken, end?: IToken): Place;
  problem(message: string, place: Place): void;
}

/** The file that is being parsed. */
class OpenFile {
  #builder: NodeBuilder | undefined;
  /** Reader of the innermost template that is open. */
  template: TemplateReader = new TemplateReader();

  get build(): NodeBuilder {
    if (!this.#builder) throw new Error("internal: the parser was used without a builder");
    return this.#builder;
  }

  /** Runs `parse` with the builder of a file. */
  with<Result>(builder: NodeBuilder, parse: () => Result): Result {
    this.#builder = builder;
    try {
      return parse();
    } finally {
      this.#builder = undefined;
    }
  }
}

/**
 * Rules of texts in quotes and heredocs. Actions build the AST; they are skipped while chevrotain
 * records the rules.
 */
export abstract class TemplateGrammar extends EmbeddedActionsParser {
  readonly open: OpenFile = new OpenFile();

  constructor(options: { readonly validate?: boolean }) {
    super(T.VOCABULARY, {
      skipValidations: !options.validate,
      recoveryEnabled: false,
      maxLookahead: 2,
      errorMessageProvider: EXPECTATIONS,
    });
  }

  abstract readonly expression: ParserMethod<[], Expression>;

  /** `k, v in`. */
  readonly forNames: ParserMethod<[], { keyName: string | undefined; valueName: string }> = this.RULE("forNames", () => {
    const first = this.CONSUME(T.Identifier);
    let second: IToken | undefined;
    this.OPTION(() => {
      this.CONSUME(T.Comma);
      second = this.CONSUME1(T.Identifier);
    });
    this.CONSUME(T.In);
    return this.ACTION(() => (second ? { keyName: first.image, valueName: second.image } : { keyName: undefined, valueName: first.image }));
  });

  readonly quoted: ParserMethod<[], Expression> = this.RULE("quoted", () => {
    const start = this.CONSUME(T.QuoteStart);
    const outer = this.open.template;
    this.ACTION(() => {
      this.open.template = new TemplateReader();
    });
    const parts = this.SUBRULE(this.templateParts);
    const end = this.CONSUME(T.QuoteEnd);
    return this.ACTION(() => {
      this.open.template = outer;
      return templateExpression(parts, this.open.build.place(start, end));
    });
  });

  readonly heredoc: ParserMethod<[], Expression> = this.RULE("heredoc", () => {
    const start = this.CONSUME(T.HeredocStart);
    const outer = this.open.template;
    this.ACTION(() => {
      this.open.template = new TemplateReader();
    });
    const parts = this.SUBRULE(this.templateParts);
    const end = this.CONSUME(T.HeredocEnd);
    return this.ACTION(() => {
      if (start.image.startsWith("<<-")) this.open.template.outdent();
      this.open.template = outer;
      return templateExpression(parts, this.open.build.place(start, end));
    });
  });

  readonly templateParts: ParserMethod<[], TemplatePart[]> = this.RULE("templateParts", () => {
    const parts: TemplatePart[] = [];
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.templateText, { ARGS: [parts] }) },
        { ALT: () => parts.push(this.SUBRULE(this.interpolation)) },
        { ALT: () => parts.push(this.SUBRULE(this.ifDirective)) },
        { ALT: () => parts.push(this.SUBRULE(this.forDirective)) },
      ]);
    });
    return parts;
  });

  readonly templateText: ParserMethod<[TemplatePart[]], void> = this.RULE("templateText", (parts: TemplatePart[]) => {
    const token = this.OR([
      { ALT: () => this.CONSUME(T.QuotedText) },
      { ALT: () => this.CONSUME(T.HeredocText) },
      { ALT: () => this.CONSUME(T.BareText) },
    ]);
    this.ACTION(() => {
      const form = token.tokenType === T.QuotedText ? "quoted" : token.tokenType === T.HeredocText ? "heredoc" : "bare";
      const bad = (escape: string) =>
        this.open.build.problem(`there is no escape ${escape}; a backslash is written \\\\`, this.open.build.place(token));
      parts.push(...this.open.template.text(token.image, form, bad));
    });
  });

  readonly interpolation: ParserMethod<[], TemplatePart> = this.RULE("interpolation", () => {
    const start = this.CONSUME(T.Interpolation);
    this.ACTION(() => this.open.template.open(start));
    const value = this.SUBRULE(this.expression);
    this.SUBRULE(this.markerEnd);
    return { kind: "interpolation" as const, value };
  });

  readonly ifDirective: ParserMethod<[], TemplatePart> = this.RULE("ifDirective", () => {
    const start = this.CONSUME(T.IfStart);
    this.ACTION(() => this.open.template.open(start));
    const test = this.SUBRULE(this.expression);
    this.SUBRULE(this.markerEnd);
    const yes = this.SUBRULE(this.templateParts);
    let no: TemplatePart[] = [];
    this.OPTION(() => {
      const mark = this.CONSUME(T.ElseMark);
      this.ACTION(() => this.#mark(mark));
      no = this.SUBRULE1(this.templateParts);
    });
    const end = this.CONSUME(T.EndIf);
    this.ACTION(() => this.#mark(end));
    return { kind: "if" as const, test, yes, no };
  });

  readonly forDirective: ParserMethod<[], TemplatePart> = this.RULE("forDirective", () => {
    const start = this.CONSUME(T.ForStart);
    this.ACTION(() => this.open.template.open(start));
    const { keyName, valueName } = this.SUBRULE(this.forNames);
    const over = this.SUBRULE(this.expression);
    this.SUBRULE(this.markerEnd);
    const body = this.SUBRULE(this.templateParts);
    const end = this.CONSUME(T.EndFor);
    this.ACTION(() => this.#mark(end));
    return { kind: "for" as const, keyName, valueName, over, body };
  });

  readonly markerEnd: ParserMethod<[], void> = this.RULE("markerEnd", () => {
    const end = this.OR([{ ALT: () => this.CONSUME(T.BlockEnd) }, { ALT: () => this.CONSUME(T.TrimEnd) }]);
    this.ACTION(() => this.open.template.close(end));
  });

  #mark(token: IToken): void {
    this.open.template.open(token);
    this.open.template.close(token);
  }
}
