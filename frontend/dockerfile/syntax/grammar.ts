import { EmbeddedActionsParser, type IToken, type ParserMethod } from "chevrotain";
import type { CommandLine, Flag as FlagNode, Instruction, InstructionKind, Word as WordNode } from "../ast.js";
import { Flag, HealthType, JsonArray, LegacyName, LegacyValue, QuotedWord, VOCABULARY } from "./lexer.js";
import { KEYWORD_CATEGORIES, LineEnd, NewLine, Onbuild, Text, type TokenPayload, UnknownKeyword, Word } from "./tokens.js";

/** Makes nodes with ranges from tokens. Each file has its own. */
export interface NodeBuilder {
  word(token: IToken): WordNode;
  flag(token: IToken): FlagNode | undefined;
  exec(token: IToken): CommandLine | undefined;
  jsonWords(token: IToken): readonly WordNode[];
  /** Cuts `name=value` at the first `=`. */
  assignment(token: IToken): { readonly name: WordNode; readonly value?: WordNode };
  unknownKeyword(token: IToken): void;
  missingEquals(token: IToken): void;
  missingValue(instruction: IToken, name: IToken): void;
  /**
   * Finishes an instruction that is a line of its own. Returns undefined for a line without a known
   * one.
   */
  finish(parsed: ParsedInstruction | undefined): Instruction | undefined;
  /** Finishes an instruction inside ONBUILD. */
  finishTrigger(parsed: ParsedInstruction): Instruction;
}

/** An instruction with the parts of its own line. The builder adds the common members. */
export type ParsedInstruction = {
  readonly kind: InstructionKind;
  readonly keyword: WordNode;
  readonly flags: readonly FlagNode[];
} & Readonly<Record<string, unknown>>;

/**
 * The grammar. The lexer's modes give each instruction the tokens of its shape, so one alternative
 * for each shape is enough. Actions build the AST; they are skipped while chevrotain records the
 * rules.
 */
export class DockerfileParser extends EmbeddedActionsParser {
  #builder: NodeBuilder | undefined;

  constructor(options: { readonly validate?: boolean } = {}) {
    super(VOCABULARY, { skipValidations: !options.validate, recoveryEnabled: false, maxLookahead: 2 });
    this.performSelfAnalysis();
  }

  parse(tokens: IToken[], builder: NodeBuilder): readonly Instruction[] {
    this.#builder = builder;
    try {
      this.input = tokens;
      return this.file();
    } finally {
      this.#builder = undefined;
      this.input = [];
    }
  }

  get #build(): NodeBuilder {
    if (!this.#builder) throw new Error("internal: the parser was used without a builder");
    return this.#builder;
  }

  readonly file: ParserMethod<[], Instruction[]> = this.RULE("file", () => {
    const instructions: Instruction[] = [];
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(NewLine) },
        {
          ALT: () => {
            const parsed = this.SUBRULE(this.onbuild);
            this.ACTION(() => this.#finish(parsed, instructions));
          },
        },
        {
          ALT: () => {
            const parsed = this.SUBRULE(this.instruction);
            this.ACTION(() => this.#finish(parsed, instructions));
          },
        },
      ]);
    });
    return instructions;
  });

  readonly onbuild: ParserMethod<[], ParsedInstruction | undefined> = this.RULE("onbuild", () => {
    const keyword = this.CONSUME(Onbuild);
    const chained: IToken[] = [];
    let trigger: Instruction | undefined;
    let unknown = false;
    // Allowed here so that chaining gets its own message. It is a loop, because a line has room for
    // thousands.
    this.MANY(() => chained.push(this.CONSUME2(Onbuild)));
    this.OPTION(() => {
      const parsed = this.SUBRULE(this.instruction);
      this.ACTION(() => {
        if (parsed) trigger = this.#build.finishTrigger(parsed);
        else unknown = true;
      });
    });
    this.ACTION(() => {
      const [first] = chained;
      if (first) trigger = this.#build.finishTrigger(this.#parsed(first, [], trigger ? { trigger } : {}));
    });
    return this.ACTION(() => (unknown ? undefined : this.#parsed(keyword, [], trigger ? { trigger } : {})));
  });

  /** One instruction and the end of its line; undefined for an unknown one. */
  readonly instruction: ParserMethod<[], ParsedInstruction | undefined> = this.RULE("instruction", () => {
    const parsed = this.OR<ParsedInstruction | undefined>([
      { ALT: () => this.SUBRULE(this.shellInstruction) },
      { ALT: () => this.SUBRULE(this.listInstruction) },
      { ALT: () => this.SUBRULE(this.wordsInstruction) },
      { ALT: () => this.SUBRULE(this.pairsInstruction) },
      { ALT: () => this.SUBRULE(this.argsInstruction) },
      { ALT: () => this.SUBRULE(this.textInstruction) },
      { ALT: () => this.SUBRULE(this.healthInstruction) },
      { ALT: () => this.SUBRULE(this.unknownInstruction) },
    ]);
    this.OPTION(() => this.CONSUME(LineEnd));
    return parsed;
  });

  readonly flags: ParserMethod<[], FlagNode[]> = this.RULE("flags", () => {
    const flags: FlagNode[] = [];
    this.MANY(() => {
      const token = this.CONSUME(Flag);
      this.ACTION(() => {
        const flag = this.#build.flag(token);
        if (flag) flags.push(flag);
      });
    });
    return flags;
  });

  readonly shellInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("shellInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.shell);
    const flags = this.SUBRULE(this.flags);
    const command = this.SUBRULE(this.commandLine);
    return this.ACTION(() => this.#parsed(keyword, flags, command ? { command } : {}));
  });

  readonly commandLine: ParserMethod<[], CommandLine | undefined> = this.RULE("commandLine", () => {
    let command: CommandLine | undefined;
    this.OPTION(() => {
      command = this.OR<CommandLine | undefined>([
        {
          ALT: () => {
            const token = this.CONSUME(JsonArray);
            return this.ACTION(() => this.#build.exec(token));
          },
        },
        {
          ALT: () => {
            const token = this.CONSUME(Text);
            return this.ACTION(() => ({ form: "shell" as const, ...this.#build.word(token) }));
          },
        },
      ]);
    });
    return command;
  });

  readonly listInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("listInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.list);
    const flags = this.SUBRULE(this.flags);
    let args: readonly WordNode[] = [];
    let json = false;
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(JsonArray);
          this.ACTION(() => {
            json = true;
            args = this.#build.jsonWords(token);
          });
        },
      },
      {
        ALT: () => {
          args = this.SUBRULE(this.words);
        },
      },
    ]);
    return this.ACTION(() => this.#parsed(keyword, flags, { json, args }));
  });

  readonly words: ParserMethod<[], WordNode[]> = this.RULE("words", () => {
    const words: WordNode[] = [];
    this.MANY(() => {
      const token = this.CONSUME(Word);
      this.ACTION(() => words.push(this.#build.word(token)));
    });
    return words;
  });

  readonly wordsInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("wordsInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.words);
    const flags = this.SUBRULE(this.flags);
    const args = this.SUBRULE(this.words);
    return this.ACTION(() => this.#parsed(keyword, flags, { args }));
  });

  readonly pairsInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("pairsInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.pairs);
    const flags = this.SUBRULE(this.flags);
    const pairs: { name: WordNode; value: WordNode }[] = [];
    let legacy = false;
    this.OR([
      {
        ALT: () => {
          const name = this.CONSUME(LegacyName);
          let value: IToken | undefined;
          this.OPTION(() => {
            value = this.CONSUME(LegacyValue);
          });
          this.ACTION(() => {
            legacy = true;
            if (value) pairs.push({ name: this.#build.word(name), value: this.#build.word(value) });
            else this.#build.missingValue(keyword, name);
          });
        },
      },
      {
        ALT: () => {
          this.MANY(() => {
            const token = this.CONSUME(QuotedWord);
            this.ACTION(() => {
              const { name, value } = this.#build.assignment(token);
              if (value) pairs.push({ name, value });
              else this.#build.missingEquals(token);
            });
          });
        },
      },
    ]);
    return this.ACTION(() => this.#parsed(keyword, flags, { pairs, legacy }));
  });

  readonly argsInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("argsInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.args);
    const flags = this.SUBRULE(this.flags);
    const args: { readonly name: WordNode; readonly value?: WordNode }[] = [];
    this.MANY(() => {
      const token = this.CONSUME(QuotedWord);
      this.ACTION(() => args.push(this.#build.assignment(token)));
    });
    return this.ACTION(() => this.#parsed(keyword, flags, { args }));
  });

  readonly textInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("textInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.text);
    const flags = this.SUBRULE(this.flags);
    let value: IToken | undefined;
    this.OPTION(() => {
      value = this.CONSUME(Text);
    });
    return this.ACTION(() => this.#parsed(keyword, flags, value ? { value: this.#build.word(value) } : {}));
  });

  readonly healthInstruction: ParserMethod<[], ParsedInstruction> = this.RULE("healthInstruction", () => {
    const keyword = this.CONSUME(KEYWORD_CATEGORIES.health);
    const flags = this.SUBRULE(this.flags);
    let type: IToken | undefined;
    this.OPTION(() => {
      type = this.CONSUME(HealthType);
    });
    const command = this.SUBRULE(this.commandLine);
    return this.ACTION(() =>
      this.#parsed(keyword, flags, { ...(type ? { type: this.#build.word(type) } : {}), ...(command ? { command } : {}) }),
    );
  });

  readonly unknownInstruction: ParserMethod<[], undefined> = this.RULE("unknownInstruction", () => {
    const keyword = this.CONSUME(UnknownKeyword);
    this.OPTION(() => this.CONSUME(Text));
    this.ACTION(() => this.#build.unknownKeyword(keyword));
    return undefined;
  });

  #finish(parsed: ParsedInstruction | undefined, instructions: Instruction[]): void {
    const instruction = this.#build.finish(parsed);
    if (instruction) instructions.push(instruction);
  }

  #parsed(keyword: IToken, flags: readonly FlagNode[], rest: Readonly<Record<string, unknown>>): ParsedInstruction {
    return { kind: keyword.image.toLowerCase() as InstructionKind, keyword: this.#build.word(keyword), flags, ...rest };
  }
}

/** Returns the lexer's findings about a token beside its image. */
export function payloadOf(token: IToken): TokenPayload {
  return (token.payload ?? {}) as TokenPayload;
}
