import type { Flag } from "../../api/options/option.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { type CliEnvironment, printStderr } from "../environment.js";
import type { ParsedFlags } from "../syntax/flags.js";
import { noCounterpart } from "./errors.js";

/** A flag of another builder, with its counterpart among those of `tsbuild build`. */
export interface ForeignFlag extends Flag {
  /** Flag of `tsbuild build` that gets the value. */
  readonly as?: string;
  /** Reason why the flag changes nothing, which is printed. */
  readonly reported?: string;
  /** Values that ask for what is done anyway. */
  readonly usual?: readonly string[];
  /** Sentence about what to do instead, where the image would be another without the flag. */
  readonly refused?: string;
  /** The same for a switch that is on when it is not given, and is turned off. */
  readonly off?: { readonly reported: string } | { readonly refused: string };
}

/** Switches that ask for what is done anyway. */
export const idle = (...names: readonly string[]): readonly ForeignFlag[] =>
  names.map((name) => ({ name, text: "Accepted; changes nothing", hidden: true }));

/** Flags with a value that change nothing. */
export const reported = (why: string, ...names: readonly string[]): readonly ForeignFlag[] =>
  names.map((name) => ({ name, value: "<value>", repeat: true, text: "Not here", hidden: true, reported: why }));

/** Flags without which the image would be another. */
export const refused = (instead: string, ...names: readonly string[]): readonly ForeignFlag[] =>
  names.map((name) => ({ name, value: "<value>", repeat: true, text: "Not here", hidden: true, refused: instead }));

/** Flags that `tsbuild build` has, too. */
export const same = (names: string): readonly ForeignFlag[] =>
  names.split(" ").map((name) => ({ name, value: "<value>", repeat: true, text: `Same as --${name} of tsbuild build`, as: name }));

/** Returns the flags for the help, with what becomes of those that have no counterpart. */
export const shown = (table: readonly ForeignFlag[]): readonly Flag[] =>
  table.map((flag) => {
    const fate = flag.refused !== undefined ? " (refused)" : flag.reported !== undefined ? " (changes nothing)" : "";
    return { ...flag, text: `${flag.text}${fate}` };
  });

/** Returns the values of a flag of a command line; a switch that is on has the value "". */
function valuesOf({ name, value, repeat }: Flag, flags: ParsedFlags): readonly string[] {
  if (!value) return flags.has(name) ? [""] : [];
  return repeat ? flags.all(name) : [flags.one(name) ?? []].flat();
}

/**
 * Returns the flags of `tsbuild build` for those of another builder, and reports each that changes
 * nothing. Throws `cli/not-supported` for one without which the image would be another.
 */
export async function translate(
  command: string,
  table: readonly ForeignFlag[],
  given: { readonly flags: ParsedFlags; readonly args: readonly string[] },
  environment: CliEnvironment,
): Promise<readonly string[]> {
  const { flags } = given;
  const args: string[] = [];
  const report = (name: string, why: string): Promise<void> => printStderr(environment, `note: --${name} changes nothing: ${why}\n`);
  for (const flag of table) {
    if (flag.off !== undefined && isOff(flag.name, given.args)) {
      if ("refused" in flag.off) throw noCounterpart(command, `${flag.name}=false`, flag.off.refused);
      await report(`${flag.name}=false`, flag.off.reported);
    }
    const values = valuesOf(flag, flags).filter((value) => !flag.usual?.includes(value));
    if (values.length === 0) continue;
    if (flag.refused !== undefined) throw noCounterpart(command, flag.name, flag.refused);
    if (flag.as !== undefined) args.push(...values.map((value) => (flag.value ? `--${flag.as}=${value}` : `--${flag.as}`)));
    if (flag.reported !== undefined) await report(flag.name, flag.reported);
  }
  return args;
}

/** Returns true when arguments turn a switch off that is on without them. */
export function isOff(name: string, args: readonly string[]): boolean {
  return args.some((arg) => arg.startsWith(`--${name}=`) && parseBoolean(arg.slice(name.length + 3)) === false);
}
