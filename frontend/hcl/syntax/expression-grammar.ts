import type { ParserMethod } from "chevrotain";
import type { BinaryOperator, Expression, ForNode, Place } from "../ast.js";
import { Fraction } from "../values/number.js";
import { bool, integer, NULL, number, string } from "../values/value.js";
import { joinOperands, joinSteps, type Step } from "./operators.js";
import { TemplateGrammar } from "./template-grammar.js";
import * as T from "./tokens.js";

/** Rules of expressions. */
export abstract class ExpressionGrammar extends TemplateGrammar {
  readonly expression: ParserMethod<[], Expression> = this.RULE("expression", () => {
    let value = this.SUBRULE(this.operation);
    this.OPTION(() => {
      this.CONSUME(T.Question);
      const yes = this.SUBRULE1(this.expression);
      this.CONSUME(T.Colon);
      const no = this.SUBRULE2(this.expression);
      this.ACTION(() => {
        value = { kind: "conditional", test: value, yes, no, ...between(value, no) };
      });
    });
    return value;
  });

  readonly operation: ParserMethod<[], Expression> = this.RULE("operation", () => {
    const operands: Expression[] = [this.SUBRULE(this.operand)];
    const operators: BinaryOperator[] = [];
    this.MANY(() => {
      operators.push(this.CONSUME(T.Operator).image as BinaryOperator);
      operands.push(this.SUBRULE1(this.operand));
    });
    return this.ACTION(() => joinOperands(operands, operators, between));
  });

  readonly operand: ParserMethod<[], Expression> = this.RULE("operand", () =>
    this.OR<Expression>([
      { ALT: () => this.SUBRULE(this.negation) },
      {
        ALT: () => {
          const base = this.SUBRULE(this.primary);
          const steps: Step[] = [];
          this.MANY(() => this.SUBRULE(this.step, { ARGS: [steps] }));
          return this.ACTION(() => joinSteps(base, steps, between));
        },
      },
    ]),
  );

  readonly negation: ParserMethod<[], Expression> = this.RULE("negation", () => {
    const sign = this.OR([{ ALT: () => this.CONSUME(T.Minus) }, { ALT: () => this.CONSUME(T.Not) }]);
    const operand = this.SUBRULE(this.operand);
    return this.ACTION(() => ({
      kind: "unary" as const,
      operator: sign.image as "-" | "!",
      operand,
      ...between(this.open.build.place(sign), operand),
    }));
  });

  readonly step: ParserMethod<[Step[]], void> = this.RULE("step", (steps: Step[]) => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(T.Dot);
          const name = this.CONSUME(T.Identifier);
          this.ACTION(() => steps.push({ kind: "attribute", name: name.image, end: this.open.build.place(name) }));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(T.LegacyIndex);
          this.ACTION(() => {
            const end = this.open.build.place(token);
            steps.push({ kind: "index", key: { kind: "literal", value: integer(BigInt(token.image.slice(1))), ...end }, end });
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.SquareStart);
          const key = this.SUBRULE(this.expression);
          const end = this.CONSUME(T.SquareEnd);
          this.ACTION(() => steps.push({ kind: "index", key, end: this.open.build.place(end) }));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(T.AttributeSplat);
          this.ACTION(() => steps.push({ kind: "attributeSplat", end: this.open.build.place(token) }));
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(T.FullSplat);
          this.ACTION(() => steps.push({ kind: "fullSplat", end: this.open.build.place(token) }));
        },
      },
    ]);
  });

  readonly primary: ParserMethod<[], Expression> = this.RULE("primary", () =>
    this.OR<Expression>([
      { ALT: () => this.SUBRULE(this.numberLiteral) },
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.name) },
      { ALT: () => this.SUBRULE(this.quoted) },
      { ALT: () => this.SUBRULE(this.heredoc) },
      { ALT: () => this.SUBRULE(this.parens) },
      // A list may begin with a variable called "for".
      { ALT: () => this.SUBRULE(this.forTuple), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.forObject) },
      { ALT: () => this.SUBRULE(this.object) },
    ]),
  );

  readonly numberLiteral: ParserMethod<[], Expression> = this.RULE("numberLiteral", () => {
    const token = this.CONSUME(T.NumberText);
    return this.ACTION(() => {
      const place = this.open.build.place(token);
      const value = Fraction.parse(token.image);
      if (!value) this.open.build.problem(`the number ${token.image} is too large`, place);
      return { kind: "literal" as const, value: number(value ?? Fraction.ZERO), ...place };
    });
  });

  readonly name: ParserMethod<[], Expression> = this.RULE("name", () => {
    const token = this.CONSUME(T.Identifier);
    return this.ACTION((): Expression => {
      const place = this.open.build.place(token);
      if (token.image === "true" || token.image === "false") return { kind: "literal", value: bool(token.image === "true"), ...place };
      return token.image === "null" ? { kind: "literal", value: NULL, ...place } : { kind: "variable", name: token.image, ...place };
    });
  });

  readonly call: ParserMethod<[], Expression> = this.RULE("call", () => {
    const name = this.CONSUME(T.Identifier);
    this.CONSUME(T.ParenStart);
    const args: Expression[] = [];
    let expand = false;
    this.OPTION(() => {
      args.push(this.SUBRULE(this.expression));
      this.MANY(() => {
        this.CONSUME(T.Comma);
        this.OPTION1(() => args.push(this.SUBRULE1(this.expression)));
      });
      this.OPTION2(() => {
        this.CONSUME(T.Ellipsis);
        expand = true;
      });
    });
    const end = this.CONSUME(T.ParenEnd);
    return this.ACTION(() => ({ kind: "call" as const, name: name.image, args, expand, ...this.open.build.place(name, end) }));
  });

  readonly parens: ParserMethod<[], Expression> = this.RULE("parens", () => {
    const start = this.CONSUME(T.ParenStart);
    const inner = this.SUBRULE(this.expression);
    const end = this.CONSUME(T.ParenEnd);
    return this.ACTION(() => ({ kind: "parens" as const, inner, ...this.open.build.place(start, end) }));
  });

  readonly tuple: ParserMethod<[], Expression> = this.RULE("tuple", () => {
    const start = this.CONSUME(T.SquareStart);
    const items: Expression[] = [];
    this.OPTION(() => {
      items.push(this.SUBRULE(this.expression));
      this.MANY(() => {
        this.CONSUME(T.Comma);
        this.OPTION1(() => items.push(this.SUBRULE1(this.expression)));
      });
    });
    const end = this.CONSUME(T.SquareEnd);
    return this.ACTION(() => ({ kind: "tuple" as const, items, ...this.open.build.place(start, end) }));
  });

  readonly object: ParserMethod<[], Expression> = this.RULE("object", () => {
    const start = this.CONSUME(T.BlockStart);
    const items: { key: Expression; value: Expression }[] = [];
    this.OPTION(() => items.push(this.SUBRULE(this.objectItem)));
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(T.NewLine) }, { ALT: () => this.CONSUME(T.Comma) }]);
      this.OPTION1(() => items.push(this.SUBRULE1(this.objectItem)));
    });
    const end = this.CONSUME(T.BlockEnd);
    return this.ACTION(() => ({ kind: "object" as const, items, ...this.open.build.place(start, end) }));
  });

  readonly objectItem: ParserMethod<[], { key: Expression; value: Expression }> = this.RULE("objectItem", () => {
    const key = this.SUBRULE(this.expression);
    this.OR([{ ALT: () => this.CONSUME(T.Equals) }, { ALT: () => this.CONSUME(T.Colon) }]);
    const value = this.SUBRULE1(this.expression);
    return this.ACTION(() => {
      if (key.kind === "attribute" || key.kind === "index")
        this.open.build.problem("an attribute's name with a dot or an index is put in parentheses, or in quotes", key);
      return { key: key.kind === "variable" ? { kind: "literal" as const, value: string(key.name), ...placeOf(key) } : key, value };
    });
  });

  readonly forTuple: ParserMethod<[], Expression> = this.RULE("forTuple", () => {
    const start = this.CONSUME(T.SquareStart);
    const node = this.SUBRULE(this.forClauses);
    const end = this.CONSUME(T.SquareEnd);
    return this.ACTION(() => {
      const place = this.open.build.place(start, end);
      if (node.resultKey) this.open.build.problem("a for that makes a list has no =>; write it in braces", place);
      return { ...node, ...place };
    });
  });

  readonly forObject: ParserMethod<[], Expression> = this.RULE("forObject", () => {
    const start = this.CONSUME(T.ForBrace);
    const node = this.SUBRULE(this.forClauses);
    const end = this.CONSUME(T.BlockEnd);
    return this.ACTION(() => {
      const place = this.open.build.place(start, end);
      if (!node.resultKey) this.open.build.problem("a for that makes an object needs KEY => VALUE; write it in brackets for a list", place);
      return { ...node, ...place };
    });
  });

  readonly forClauses: ParserMethod<[], ForNode> = this.RULE("forClauses", () => {
    this.CONSUME(T.For);
    const { keyName, valueName } = this.SUBRULE(this.forNames);
    const over = this.SUBRULE(this.expression);
    this.CONSUME(T.Colon);
    let result = this.SUBRULE1(this.expression);
    let resultKey: Expression | undefined;
    let group = false;
    this.OPTION1(() => {
      this.CONSUME(T.Arrow);
      resultKey = result;
      result = this.SUBRULE2(this.expression);
    });
    this.OPTION2(() => {
      this.CONSUME(T.Ellipsis);
      group = true;
    });
    let condition: Expression | undefined;
    this.OPTION3(() => {
      this.CONSUME(T.If);
      condition = this.SUBRULE3(this.expression);
    });
    return { kind: "for" as const, keyName, valueName, over, resultKey, result, group, condition };
  });
}

function placeOf({ source, range }: Place): Place {
  return { source, range };
}

/** Returns the place from the beginning of one to the end of the other. */
function between(from: Place, to: Place): Place {
  const { end, endLine, endColumn } = to.range;
  return { source: from.source, range: { ...from.range, end, endLine, endColumn } };
}
