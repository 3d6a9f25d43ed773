import type { ErrorEntry } from "./entry.js";

export const BAKE_ERRORS = {
  "bake/block": {
    title: "A block of a bake file that cannot be read",
    cause:
      "A `target`, `group`, `variable` or `function` has no name or a wrong one, lacks what it needs, or is a block that bake does not have.",
    wayOut: "Correct the block at the place that the excerpt shows. See [bake](bake.md).",
  },
  "bake/ignored": {
    title: "An attribute that targets do not have",
    cause: "A target has an attribute that bake does not know. It has no effect, as in buildx.",
    wayOut: "Correct its name, or leave it out.",
  },
  "bake/links": {
    title: "Targets that cannot be built from each other",
    cause: "Contexts of the form `target:NAME` lead in a circle, or to a target that is not built for all platforms.",
    wayOut: "Leave out one of the contexts, or give the linked target the platforms.",
  },
  "bake/no-file": {
    title: "No bake file",
    cause: "The directory has none of the files that bake reads: `docker-bake.json`, `docker-bake.hcl` and their `override` forms.",
    wayOut: "Name the file with `-f`, or write one.",
  },
  "bake/no-target": {
    title: "A target that does not exist",
    cause: "A name or pattern on the command line, in a group, in `inherits` or in a context matches no target of the files.",
    wayOut: "Correct the name; `tsbuild bake --list=targets` lists them.",
  },
  "bake/remote": {
    title: "A definition that is elsewhere",
    cause:
      "The first argument is the address of a repository, an archive or a file, which has no bake file, one that is too large, or contexts that cannot be addressed.",
    wayOut: "Name the file with `-f`, as a path in the repository; or clone it, and run bake in its directory.",
  },
  "bake/not-allowed": {
    title: "A bake file that asks for more than it is allowed",
    cause:
      "A target wants the host's network, all rights for a step, an SSH agent, or paths outside of the working directory. The file alone does not decide that.",
    wayOut: "Give the `--allow` flags that the hint shows, if the file may have that.",
  },
  "bake/override": {
    title: "An override that cannot be read",
    cause: "`--set` has no `TARGET.KEY=VALUE`, an unknown key, or a value that the key does not take.",
    wayOut: "See the keys in [bake](bake.md#overrides).",
  },
  "bake/validation": {
    title: "A variable whose value is refused",
    cause: "A `validation` block of the variable is false. The message is the one of the file.",
    wayOut: "Give the variable another value.",
  },
  "bake/value": {
    title: "A value that an attribute or variable does not take",
    cause: "The value of an attribute is of the wrong type, or a value from the environment does not fit the variable's type.",
    wayOut: "Correct the value. Lists and objects are given as `a,b,c`, or as JSON in a variable that ends with `_JSON`.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
