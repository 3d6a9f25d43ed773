import type { Diagnostic } from "../../core/diagnostics.js";
import { type AnyCode, DiagnosticsError, type TsbuildError, UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import type { Place } from "./tree.js";

/** Messages of Compose files, one function each. */

function at(code: AnyCode, message: string, { source, range }: Place, hint?: string): DiagnosticsError {
  return new DiagnosticsError([{ severity: "error", code, message, source, range, ...(hint === undefined ? {} : { hint }) }]);
}

export const badYaml = (found: string, place: Place): DiagnosticsError => at("compose/syntax", `Cannot read this YAML: ${found}`, place);

export const endlessAlias = (name: string, place: Place): DiagnosticsError =>
  at("compose/syntax", `Cannot read this YAML: the anchor "${name}" holds itself`, place);

export const tooManyNodes = (limit: number, place: Place): DiagnosticsError =>
  at("compose/syntax", `Cannot read this YAML: with all its aliases it has more than ${limit} values`, place);

export const nestedTooDeep = (names: readonly string[]): TsbuildError =>
  new UsageError("compose/syntax", `Cannot read ${names.join(", ")}: the parts are nested, or lead through each other, too deeply`);

export const badTemplate = (text: string, place: Place): DiagnosticsError =>
  at("compose/interpolation", `Cannot read the variable in "${text}"`, place, "write $$ for a dollar sign, ${NAME} for a variable");

export const deepTemplate = (limit: number, place: Place): DiagnosticsError =>
  at("compose/interpolation", `Cannot read this value: its variables have defaults in defaults, more than ${limit} deep`, place);

export const missingVariable = (name: string, message: string, place: Place): DiagnosticsError =>
  at(
    "compose/interpolation",
    `The variable "${name}" is needed${message === "" ? "" : `: ${message}`}`,
    place,
    `set ${name}, in the environment or in .env`,
  );

export const unsetVariable = (name: string, { source, range }: Place): Diagnostic => ({
  severity: "warning",
  code: "compose/unset-variable",
  message: `The variable "${name}" is not set: it is empty`,
  source,
  range,
  hint: `set it, or write \${${name}:-}`,
});

export const badShape = (path: string, wanted: string, { source, range }: Place): Diagnostic => ({
  severity: "error",
  code: "compose/value",
  message: `Cannot read ${path || "this file"}: it has to be ${wanted}`,
  source,
  range,
});

export const unknownKey = (path: string, name: string, known: readonly string[], { source, range }: Place): Diagnostic => {
  const near = suggest(name, known);
  return {
    severity: "error",
    code: "compose/value",
    message: `Cannot read "${name}"${path ? ` in ${path}` : ""}: there is no such attribute`,
    source,
    range,
    hint: near === undefined ? "names of your own begin with x-" : `did you mean "${near}"?`,
  };
};

export const badValue = (path: string, found: string, place: Place): DiagnosticsError =>
  at("compose/value", `Cannot read ${path}: ${found}`, place);

export const badReference = (message: string, place: Place, hint?: string): DiagnosticsError =>
  at("compose/reference", message, place, hint);

export const unreadableReference = (path: string, place: Place): DiagnosticsError =>
  at("compose/reference", `Cannot find the file ${path}`, place, "paths are relative to the file that names them");

export const remoteReference = (address: string, place: Place): DiagnosticsError =>
  at(
    "compose/reference",
    `Cannot read ${address}: files of other machines are not read`,
    place,
    "clone the repository, and name the file there",
  );

export const circle = (what: string, names: readonly string[], place: Place): DiagnosticsError =>
  at("compose/reference", `Cannot ${what} in a circle: ${names.join(" -> ")}`, place);

export const badEnvFile = (name: string, line: number, found: string): TsbuildError =>
  new UsageError("compose/env-file", `Cannot read line ${line} of ${name}: ${found}`, { hint: "write NAME=VALUE, a variable a line" });

export const noService = (name: string, known: readonly string[]): TsbuildError => {
  const near = suggest(name, known);
  return new UsageError("compose/no-service", `Cannot find the service "${name}"`, {
    hint: near === undefined ? `the services are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
};

export const badProjectName = (name: string): TsbuildError =>
  new UsageError(
    "compose/project-name",
    name === "" ? "Cannot build: the project has no name" : `Cannot use "${name}" as the project's name`,
    {
      hint: "a name has lower-case letters, digits, - and _, and begins with a letter or digit: -p NAME",
    },
  );
