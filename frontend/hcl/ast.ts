import type { SourceFile, SourceRange } from "../../core/diagnostics.js";
import type { Value } from "./values/value.js";

/** A range of a file, for messages. */
export interface Place {
  readonly source: SourceFile;
  readonly range: SourceRange;
}

export type BinaryOperator = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%";

/** An expression, and where it stands. */
export type Expression = Place & ExpressionNode;

/** Node of one kind. */
export type ExpressionOf<Kind extends ExpressionNode["kind"]> = Place & Extract<ExpressionNode, { kind: Kind }>;

export type ExpressionNode =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "template"; readonly parts: readonly TemplatePart[] }
  /** `"${value}"`: the value itself, of whatever type. */
  | { readonly kind: "wrap"; readonly inner: Expression }
  | { readonly kind: "parens"; readonly inner: Expression }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "attribute"; readonly of: Expression; readonly name: string }
  | { readonly kind: "index"; readonly of: Expression; readonly key: Expression }
  /** `list[*].name`: `each` holds a `splatItem` where the item goes. */
  | { readonly kind: "splat"; readonly of: Expression; readonly each: Expression }
  | { readonly kind: "splatItem" }
  /** A call; with `expand` the last argument is a list of arguments. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly expand: boolean }
  | { readonly kind: "unary"; readonly operator: "-" | "!"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "conditional"; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "object"; readonly items: readonly { readonly key: Expression; readonly value: Expression }[] }
  | ForNode;

/** `[for k, v in over : result if condition]`, or with `=>` an object. */
export interface ForNode {
  readonly kind: "for";
  readonly keyName: string | undefined;
  readonly valueName: string;
  readonly over: Expression;
  /** Key of the object's attribute; undefined for a tuple. */
  readonly resultKey: Expression | undefined;
  readonly result: Expression;
  /** True for `...`: values of one key are gathered in a tuple. */
  readonly group: boolean;
  readonly condition: Expression | undefined;
}

/** A part of a template. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "interpolation"; readonly value: Expression }
  | { readonly kind: "if"; readonly test: Expression; readonly yes: readonly TemplatePart[]; readonly no: readonly TemplatePart[] }
  | {
      readonly kind: "for";
      readonly keyName: string | undefined;
      readonly valueName: string;
      readonly over: Expression;
      readonly body: readonly TemplatePart[];
    };

/** `name = expression`. The place is the name's. */
export interface Attribute extends Place {
  readonly name: string;
  readonly expression: Expression;
}

/** A word that names a block, such as the target's name. */
export interface Label extends Place {
  readonly text: string;
}

/** `type "label" { … }`. The place is that of the type and the labels. */
export interface Block extends Place {
  readonly type: string;
  readonly labels: readonly Label[];
  readonly body: Body;
}

/** Attributes and blocks, as a file or a block holds them. */
export interface Body {
  readonly attributes: readonly Attribute[];
  readonly blocks: readonly Block[];
}
