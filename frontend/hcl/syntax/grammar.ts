import type { IToken, ParserMethod } from "chevrotain";
import type { Attribute, Block, Body, Expression, Label, TemplatePart } from "../ast.js";
import { ExpressionGrammar } from "./expression-grammar.js";
import type { NodeBuilder } from "./template-grammar.js";
import { TemplateReader } from "./templates.js";
import * as T from "./tokens.js";

/** The grammar of files. */
export class HclParser extends ExpressionGrammar {
  constructor(options: { readonly validate?: boolean } = {}) {
    super(options);
    this.performSelfAnalysis();
  }

  /** Parses tokens by one rule. The result is undefined when there are errors. */
  parse<Result>(tokens: IToken[], builder: NodeBuilder, rule: "file" | "onlyExpression" | "onlyTemplate"): Result | undefined {
    return this.open.with(builder, () => {
      this.input = tokens;
      const result = this[rule]() as Result;
      return this.errors.length > 0 ? undefined : result;
    });
  }

  readonly file: ParserMethod<[], Body> = this.RULE("file", () => this.SUBRULE(this.body));

  readonly onlyExpression: ParserMethod<[], Expression> = this.RULE("onlyExpression", () => this.SUBRULE(this.expression));

  readonly onlyTemplate: ParserMethod<[], TemplatePart[]> = this.RULE("onlyTemplate", () => {
    this.ACTION(() => {
      this.open.template = new TemplateReader();
    });
    return this.SUBRULE(this.templateParts);
  });

  readonly body: ParserMethod<[], Body> = this.RULE("body", () => {
    const attributes: Attribute[] = [];
    const blocks: Block[] = [];
    this.OPTION(() => this.SUBRULE(this.item, { ARGS: [attributes, blocks] }));
    this.MANY(() => {
      this.CONSUME(T.NewLine);
      this.OPTION1(() => this.SUBRULE1(this.item, { ARGS: [attributes, blocks] }));
    });
    return { attributes, blocks };
  });

  readonly item: ParserMethod<[Attribute[], Block[]], void> = this.RULE("item", (attributes: Attribute[], blocks: Block[]) => {
    const name = this.CONSUME(T.Identifier);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Equals);
          const expression = this.SUBRULE(this.expression);
          this.ACTION(() => attributes.push({ name: name.image, expression, ...this.open.build.place(name) }));
        },
      },
      {
        ALT: () => {
          const labels: Label[] = [];
          let last = name;
          this.MANY(() => {
            const label = this.SUBRULE(this.label);
            this.ACTION(() => {
              last = label.token;
              labels.push(label.label);
            });
          });
          this.CONSUME(T.BlockStart);
          const body = this.SUBRULE(this.body);
          this.CONSUME(T.BlockEnd);
          this.ACTION(() => blocks.push({ type: name.image, labels, body, ...this.open.build.place(name, last) }));
        },
      },
    ]);
  });

  readonly label: ParserMethod<[], { label: Label; token: IToken }> = this.RULE("label", () =>
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(T.Identifier);
          return this.ACTION(() => ({ token, label: { text: token.image, ...this.open.build.place(token) } }));
        },
      },
      {
        ALT: () => {
          const start = this.CONSUME(T.QuoteStart);
          let text = "";
          this.OPTION(() => {
            text = this.CONSUME(T.QuotedText).image;
          });
          const token = this.CONSUME(T.QuoteEnd);
          return this.ACTION(() => ({ token, label: { text, ...this.open.build.place(start, token) } }));
        },
      },
    ]),
  );
}
