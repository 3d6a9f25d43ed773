import { FUNCTIONS, member, show, sortedEntries, truth } from "./template-functions.js";
import { type Control, type Node, type Operand, type Pipe, TemplateParser } from "./template-syntax.js";

/**
 * The part of Go's templates that people use in `--format`: fields (`{{.A.B}}`), variables,
 * docker's and Go's functions, comparisons, `if`/`else`, `range` with its variables, `with`,
 * `break` and `continue`, pipes, comments and trim marks.
 */
type Template = (data: unknown) => string;

/** Values at a place of a template: the dot, and the variables with those of the blocks around. */
interface Scope {
  readonly dot: unknown;
  readonly variables: Variables;
}

class Variables {
  readonly #outer: Variables | undefined;
  readonly #values = new Map<string, unknown>();

  constructor(outer?: Variables) {
    this.#outer = outer;
  }

  declare(name: string, value: unknown): this {
    this.#values.set(name, value);
    return this;
  }

  assign(name: string, value: unknown): void {
    if (this.#values.has(name) || this.#outer === undefined) this.#values.set(name, value);
    else this.#outer.assign(name, value);
  }

  get(name: string): unknown {
    return this.#values.has(name) ? this.#values.get(name) : this.#outer?.get(name);
  }
}

/** Name of the variable `$`, which holds the data of the template. */
const DATA = "";

/** Compiles a template. Throws a {@link UsageError} that names the part it cannot read. */
export function compileTemplate(source: string): Template {
  const nodes = new TemplateParser(source, Object.keys(FUNCTIONS)).parse();
  return (data) => {
    const out: string[] = [];
    render(nodes, { dot: data, variables: new Variables().declare(DATA, data) }, out);
    return out.join("");
  };
}

/** Returns the text after `table ` with the escapes of tabs and line ends resolved. */
export function unescapeFormat(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

type Stop = "break" | "continue" | undefined;

/** Appends what nodes show to `out`. Returns the action that ended a round of the loop around. */
function render(nodes: readonly Node[], scope: Scope, out: string[]): Stop {
  for (const node of nodes) {
    const stop = renderNode(node, scope, out);
    if (stop !== undefined) return stop;
  }
  return undefined;
}

function renderNode(node: Node, scope: Scope, out: string[]): Stop {
  switch (node.kind) {
    case "text":
      out.push(node.text);
      return undefined;
    case "value":
      out.push(show(evaluate(node.pipe, scope)));
      return undefined;
    case "assign": {
      const value = evaluate(node.pipe, scope);
      if (node.declares) scope.variables.declare(node.name, value);
      else scope.variables.assign(node.name, value);
      return undefined;
    }
    case "break":
    case "continue":
      return node.kind;
    case "range":
      return renderRange(node, scope, out);
    default: {
      const value = evaluate(node.pipe, scope);
      const variables = new Variables(scope.variables);
      for (const name of node.variables) variables.declare(name, value);
      if (!truth(value)) return render(node.otherwise, { dot: scope.dot, variables }, out);
      return render(node.body, { dot: node.kind === "with" ? value : scope.dot, variables }, out);
    }
  }
}

function renderRange({ pipe, variables: names, body, otherwise }: Control, scope: Scope, out: string[]): Stop {
  const items = itemsOf(evaluate(pipe, scope));
  if (items.length === 0) return render(otherwise, { ...scope, variables: new Variables(scope.variables) }, out);
  for (const [key, value] of items) {
    const variables = new Variables(scope.variables);
    const given = names.length === 1 ? [value] : [key, value];
    names.forEach((name, index) => variables.declare(name, given[index]));
    if (render(body, { dot: value, variables }, out) === "break") break;
  }
  return undefined;
}

function itemsOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item] as const);
  return value && typeof value === "object" ? sortedEntries(value) : [];
}

function evaluate(pipe: Pipe, scope: Scope): unknown {
  let carried: { readonly value: unknown } | undefined;
  for (const [head, ...rest] of pipe) {
    if (!head) continue;
    const given = [...rest.map((operand) => operandValue(operand, scope)), ...(carried ? [carried.value] : [])];
    carried = { value: head.kind === "name" ? FUNCTIONS[head.name]?.(...given) : operandValue(head, scope) };
  }
  return carried?.value;
}

function operandValue(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case "literal":
      return operand.value;
    case "pipe":
      return operand.path.reduce<unknown>(member, evaluate(operand.pipe, scope));
    case "name":
      return FUNCTIONS[operand.name]?.();
    case "field":
      return operand.path.reduce<unknown>(member, operand.variable === undefined ? scope.dot : scope.variables.get(operand.variable));
  }
}
