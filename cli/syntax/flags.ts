import { badMode, badSwitch, wrongOperands, badChoice, missingValue, noSuchFlag, usageProblem } from "./errors.js";
import { Command, CommanderError, Option } from "commander";
import type { Flag, OptionFlag } from "../../api/options/option.js";
import { BUILD_OPTIONS } from "../../api/options/table.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { suggest } from "../../core/text/suggest.js";
import type { UsageError } from "../exit-codes.js";
import { HELP_WIDTH, wrap } from "../output/wrap.js";

export interface CommandSyntax {
  /** Name of the command, such as `build`. */
  readonly name: string;
  /** Summary in one sentence. */
  readonly summary: string;
  /** Operands as in the usage line: `PATH | -`. */
  readonly operands: string;
  /** Least and greatest number of operands. */
  readonly count: readonly [number, number];
  readonly flags: readonly Flag[];
  /** Flag with which the operands may be left out. */
  readonly operandsUnless?: string;
  /** True leaves what follows the first operand as it is: it is another command. */
  readonly passThrough?: boolean;
  /** Further lines of the help, such as examples. */
  readonly after?: string;
}

/** Values of a command line, by the names of the table. */
export interface ParsedFlags {
  has(name: string): boolean;
  one(name: string): string | undefined;
  all(name: string): readonly string[];
  readonly operands: readonly string[];
}

/** Returns flags that lack some of those that a reader asks for: they were not given. */
export function withoutFlags(flags: ParsedFlags, names: ReadonlySet<string>): ParsedFlags {
  return {
    operands: flags.operands,
    has: (name) => !names.has(name) && flags.has(name),
    one: (name) => (names.has(name) ? undefined : flags.one(name)),
    all: (name) => (names.has(name) ? [] : flags.all(name)),
  };
}

/** Thrown for `--help`: not an error, the text is the result. */
export class HelpRequested {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const { group: _ofBuild, reads: _asOption, ...root } = BUILD_OPTIONS.root.flag as OptionFlag;

/** Forms of progress, as flags and BUILDKIT_PROGRESS name them. */
export const PROGRESS_FORMS = ["auto", "tty", "plain", "rawjson", "quiet", "none"] as const;

/** Names the store, for every command that has one. */
export const ROOT_FLAG: Flag = root;

/** Chooses one image of an index, for the commands that use one image. */
export const PLATFORM_FLAG: Flag = { name: "platform", value: "<platform>", text: "The image of an index for os/arch[/variant]" };

/** Form of a list, for the commands that print one (see {@link ../output/list-format.ts}). */
export const LIST_FORMAT_FLAG: Flag = { name: "format", value: "<format>", text: "table, json, a Go template, or table and a template" };

/** Leaves of a list the ids. */
export const IDS_FLAG: Flag = { name: "quiet", short: "q", text: "Show ids only" };

/** Returns the choice of a platform that a command line makes. */
export function platformChoice(flags: ParsedFlags): { readonly platform?: string } {
  const platform = flags.one("platform");
  return platform === undefined ? {} : { platform };
}

/** Flags that buildx takes with each of its commands. There are no builders to choose. */
const EVERYWHERE: readonly Flag[] = [
  { name: "builder", value: "<name>", text: "Builder", hidden: true },
  { name: "debug", short: "D", text: "Say where in tsbuild an error comes from", hidden: true },
];

/**
 * Reads `args`. Throws {@link UsageError} for arguments that do not fit and {@link HelpRequested}
 * for `--help`.
 */
export function parseFlags(syntax: CommandSyntax, args: readonly string[]): ParsedFlags {
  const known = [
    ...syntax.flags,
    ...EVERYWHERE.filter(({ name, short }) => !syntax.flags.some((flag) => flag.name === name || (short && flag.short === short))),
  ];
  const normal = [...normalise(known, args, syntax.passThrough ?? false)];
  const { operands, values } = parseNamed(syntax, known, normal);
  const [fewest, most] = syntax.count;
  const least = syntax.operandsUnless !== undefined && values[syntax.operandsUnless] !== undefined ? 0 : fewest;
  if (operands.length < least || operands.length > most) {
    const wanted = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw wrongOperands(syntax, operands, wanted);
  }
  const names = new Set(known.map(({ name }) => name));
  const read = (name: string): unknown => {
    if (!names.has(name)) throw new Error(`internal: "${name}" is not a flag of ${syntax.name}`);
    return values[name];
  };
  return {
    has: (name) => read(name) === true,
    one: (name) => {
      const value = read(name);
      return typeof value === "string" ? value : undefined;
    },
    all: (name) => {
      const value = read(name);
      return Array.isArray(value) ? value.map(String) : [];
    },
    operands,
  };
}

/** Operands and values of a command line, the values by the names of flags. */
interface Parsed {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Parses with the flags that the arguments name. Note that commander compares each flag that it is
 * given with all before, because two could have one name: hundred flags take as long as much of a
 * build without changes. Help and errors, which list flags, come from a parser with all of them.
 */
function parseNamed(syntax: CommandSyntax, known: readonly Flag[], args: readonly string[]): Parsed {
  if (!args.some((arg) => arg === "--help" || /^-[^-]*h/.test(arg))) {
    const named = known.filter(({ name, short }) => args.some((arg) => isNamed(arg, name, short)));
    try {
      return parseWith(syntax, named, args);
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
    }
  }
  let help = "";
  try {
    return parseWith(syntax, known, args, (text) => (help += text));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpRequested(help);
    throw explain(error, syntax);
  }
}

/** Returns true when an argument may name a flag; `-qt` names two. */
function isNamed(arg: string, name: string, short: string | undefined): boolean {
  if (arg.startsWith("--")) return arg.startsWith(name, 2);
  return short !== undefined && arg.startsWith("-") && arg.includes(short);
}

/** Parses with these flags. Throws commander's errors, for `--help` too. */
function parseWith(syntax: CommandSyntax, flags: readonly Flag[], args: readonly string[], writeOut?: (text: string) => void): Parsed {
  const command = new Command(syntax.name)
    .usage(`[options] ${syntax.operands}`.trim())
    .summary(syntax.summary)
    .description(syntax.summary)
    .argument("[operands...]")
    .helpOption("-h, --help", "Show this help")
    .exitOverride()
    .configureOutput({ writeOut: (text) => writeOut?.(text), writeErr: () => undefined })
    .configureHelp({ helpWidth: HELP_WIDTH, showGlobalOptions: false, visibleArguments: () => [] });
  command.name(`tsbuild ${syntax.name}`);
  if (syntax.after) command.addHelpText("after", `\n${wrap(syntax.after)}`);
  if (syntax.passThrough) command.passThroughOptions();
  for (const flag of flags) command.addOption(toOption(flag));
  command.parse(args, { from: "user" });
  return { operands: command.args, values: command.opts() };
}

function toOption(flag: Flag): Option {
  const value = flag.value ? ` ${flag.value}` : flag.modes ? " <mode>" : "";
  const option = new Option(`${flag.short ? `-${flag.short}, ` : ""}--${flag.name}${value}`, flag.text);
  // The flag always reaches commander with its mode, see normalise; the help shows the spelling of
  // people.
  if (flag.modes) option.flags = `--${flag.name}[=<mode>]`;
  // commander takes every --no-… for the negation of another flag and then silently drops its
  // value: --no-cache-filter is no negation.
  option.negate = false;
  option.attributeName = () => flag.name;
  if (flag.choices) option.choices(flag.choices);
  if (flag.repeat) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  if (flag.group) option.helpGroup(flag.group);
  if (flag.hidden) option.hideHelp();
  return option;
}

/**
 * Rewrites arguments that Go's flag parser takes and commander does not: `--pull=false`, `-t=name`.
 */
function* normalise(flags: readonly Flag[], args: readonly string[], passThrough: boolean): Generator<string> {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--" || (passThrough && !arg.startsWith("-"))) {
      yield* args.slice(i);
      return;
    }
    const long = /^--([^=]+)=(.*)$/s.exec(arg);
    const flag = flags.find((candidate) =>
      long ? candidate.name === long[1] : arg === `--${candidate.name}` || arg === `-${candidate.short}`,
    );
    if (flag?.modes) {
      const mode = long?.[2] ?? "true";
      const on = parseBoolean(mode);
      if (on === false) continue;
      const chosen = on === true ? flag.modes[0] : mode;
      if (chosen === undefined || !flag.modes.includes(chosen)) throw badMode(arg, flag.name, flag.modes);
      yield `--${flag.name}=${chosen}`;
      continue;
    }
    if (long && flag && !flag.value) {
      const on = parseBoolean(long[2] as string);
      if (on === true) yield `--${flag.name}`;
      else if (on === undefined) throw badSwitch(arg, flag.name);
      continue;
    }
    const short = /^-([A-Za-z])=(.*)$/s.exec(arg);
    const shortFlag = short && flags.find((candidate) => candidate.short === short[1] && candidate.value);
    const valued = flag?.value ? flag : shortFlag;
    // The value of a flag is never read as a flag.
    const value = valued && (long?.[2] ?? short?.[2] ?? args[++i]);
    if (valued === undefined || valued === null || value === undefined) yield arg;
    else if (value !== "" || valued.notEmpty) yield `--${valued.name}=${value}`;
  }
}

function explain(error: CommanderError, syntax: CommandSyntax): UsageError {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const help = `"tsbuild ${syntax.name} --help" lists the flags`;
  switch (error.code) {
    case "commander.unknownOption": {
      const word = quoted.replace(/=.*/s, "");
      const near = suggest(
        word.replace(/^-+/, ""),
        syntax.flags.filter((flag) => !flag.hidden).map((flag) => flag.name),
      );
      return noSuchFlag(word, syntax.name, near, help);
    }
    case "commander.optionMissingArgument":
      return missingValue(longName(quoted), help);
    case "commander.invalidArgument": {
      const [, flag = "", value = ""] = /^error: option '([^']*)' argument '([^']*)' is invalid/.exec(error.message) ?? [];
      const name = longName(flag);
      const choices = syntax.flags.find((candidate) => `--${candidate.name}` === name)?.choices ?? [];
      const near = suggest(value, choices);
      return badChoice(value, name, choices, near);
    }
    default:
      return usageProblem(error.message, help);
  }
}

/** Returns `--tag` of commander's `-t, --tag <name>`. */
function longName(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}
