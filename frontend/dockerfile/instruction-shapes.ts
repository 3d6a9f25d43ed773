/**
 * Shapes of the text after a keyword. A shape is a node type of the tree, a lexer mode, and a
 * category of keywords with one grammar alternative. `trigger`: another instruction follows.
 */
export type Shape = "shell" | "list" | "words" | "pairs" | "args" | "text" | "health" | "trigger";

/** Every instruction, by its keyword in lower case. */
export const SHAPES = {
  add: "list",
  arg: "args",
  cmd: "shell",
  copy: "list",
  entrypoint: "shell",
  env: "pairs",
  expose: "words",
  from: "words",
  healthcheck: "health",
  label: "pairs",
  maintainer: "text",
  onbuild: "trigger",
  run: "shell",
  shell: "shell",
  stopsignal: "text",
  user: "text",
  volume: "list",
  workdir: "text",
} as const satisfies Readonly<Record<string, Shape>>;

/** The instructions of one shape. */
export type KindOf<S extends Shape> = {
  readonly [K in keyof typeof SHAPES]: (typeof SHAPES)[K] extends S ? K : never;
}[keyof typeof SHAPES];
