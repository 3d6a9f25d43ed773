import { badCall } from "./errors.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { suggest } from "../../core/text/suggest.js";
import { splitCsv } from "../../api/texts/csv.js";
import type { ParsedFlags } from "../syntax/flags.js";

type CallMethod = "build" | "check" | "outline" | "targets";
type CallFormat = "text" | "json" | "sarif";

/** Parsed value of `--call=METHOD[,format=FORMAT][,ignorestatus=BOOL]`, or of `--check`. */
export interface Call {
  readonly method: CallMethod;
  readonly format: CallFormat;
  /** True keeps the exit code 0 in spite of warnings. */
  readonly ignoreStatus: boolean;
}

const METHODS: Readonly<Record<string, CallMethod>> = {
  build: "build",
  check: "check",
  lint: "check",
  outline: "outline",
  targets: "targets",
};

/** Returns the method that a text such as `check,format=json` names. */
export function readCallText(text: string): Call {
  return parseCall(text, false);
}

export function readCall(flags: ParsedFlags): Call {
  return parseCall(flags.one("call") ?? flags.one("print"), flags.has("check"));
}

function parseCall(text: string | undefined, check: boolean): Call {
  const call: { -readonly [K in keyof Call]: Call[K] } = {
    method: check ? "check" : "build",
    format: "text",
    ignoreStatus: false,
  };
  const fail = (what: string, hint?: string): never => {
    throw badCall(text, what, hint);
  };
  let named = false;
  for (const field of text === undefined ? [] : splitCsv(text, `--call "${text}"`)) {
    const [key = "", value] = field.split("=", 2);
    if (value === undefined) {
      if (named) fail("it names two methods");
      named = true;
      const method = METHODS[key] ?? fail(`there is no method "${key}"`, noMethod(key));
      if (check && method !== "check") fail("--check asks for another method");
      call.method = method;
    } else if (key === "format") {
      if (value !== "text" && value !== "json" && value !== "sarif")
        return fail(`there is no format "${value}"`, "the formats are text, json and sarif");
      call.format = value;
    } else if (key === "ignorestatus") call.ignoreStatus = parseBoolean(value) === true;
    else fail(`there is no option "${key}"`, "the options are format and ignorestatus");
  }
  if (call.format === "sarif" && call.method !== "check") fail("only checks have a SARIF form");
  return call;
}

function noMethod(word: string): string {
  const near = suggest(word, Object.keys(METHODS));
  return near === undefined ? "the methods are build, check, outline and targets" : `did you mean ${near}?`;
}
