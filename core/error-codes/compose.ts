import type { ErrorEntry } from "./entry.js";

export const COMPOSE_ERRORS = {
  "compose/env-file": {
    title: "A line of an env file that cannot be read",
    cause: "`.env`, or a file of `--env-file` or `env_file`, has a line that is no `NAME=VALUE`, or a quote that is not closed.",
    wayOut: "Correct the line that the message names.",
  },
  "compose/interpolation": {
    title: "A variable of a Compose file",
    cause: "`${NAME…}` cannot be read, or a variable that the file needs (`${NAME:?message}`) is not set.",
    wayOut: "Set the variable in the environment or in `.env`; write `$$` for a dollar sign that is no variable.",
  },
  "compose/no-file": {
    title: "No Compose file",
    cause: "Neither the directory nor one above it has a `compose.yaml`, or the file of `-f` cannot be read.",
    wayOut: "Name the file with `-f`, or go to the project's directory.",
  },
  "compose/no-service": {
    title: "A service that does not exist",
    cause: "A name on the command line is no service of the project.",
    wayOut: "Correct the name; the message lists those that there are.",
  },
  "compose/project-name": {
    title: "The name of a Compose project",
    cause: "Images of a project have its name in front. It comes from `-p`, `COMPOSE_PROJECT_NAME`, `name:` of the file, or the directory.",
    wayOut: "Give a name of lower-case letters, digits, `-` and `_` with `-p`.",
  },
  "compose/reference": {
    title: "Parts of a Compose project that do not fit together",
    cause:
      "A file of `include` or `extends`, a service, a secret or a platform is named and not there, or files and services lead in a circle.",
    wayOut: "Correct the name at the place that the excerpt shows.",
  },
  "compose/syntax": {
    title: "A Compose file that is no YAML",
    cause: "The file cannot be parsed, an anchor holds itself, or the file has more than 100,000 values once its aliases are followed.",
    wayOut: "Correct the file at the place that the excerpt shows.",
  },
  "compose/unset-variable": {
    title: "A variable that is not set",
    cause: "A Compose file has `$NAME` without a default, and neither the environment nor `.env` has the variable. It is empty.",
    wayOut: "Set it, or give a default: `${NAME:-default}`.",
  },
  "compose/value": {
    title: "A value of a Compose file that cannot be read",
    cause: "An attribute does not exist, or its value has another form than the Compose specification says.",
    wayOut: "Correct it at the place that the excerpt shows. Attributes of your own begin with `x-`.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
