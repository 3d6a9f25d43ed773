import type { ErrorEntry } from "./entry.js";

export const HCL_ERRORS = {
  "hcl/cycle": {
    title: "Values that need each other",
    cause: "A variable, an attribute or a function of a bake file is needed to compute itself, by way of those that the message names.",
    wayOut: "Give one of them a value of its own.",
  },
  "hcl/expression": {
    title: "An expression without a result",
    cause:
      "The values do not fit the expression: a text where a number is needed, an attribute that the object does not have, a call with wrong arguments. The message says which, and the excerpt where.",
    wayOut: "Correct the expression. `try(EXPRESSION, OTHER)` gives the other value where the first has none.",
  },
  "hcl/syntax": {
    title: "A bake file that cannot be read",
    cause: "The text is not in HCL's syntax, or for a `.json` file not JSON. The excerpt shows where reading ended.",
    wayOut: 'Correct the line. Attributes are `name = value`, blocks `target "name" { … }`; strings stand in double quotes.',
  },
  "hcl/unknown-name": {
    title: "A variable or function that does not exist",
    cause:
      "An expression of a bake file uses a name that no `variable` or `function` block declares, and that is none of the functions bake has.",
    wayOut: "Correct the name, or declare it.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
