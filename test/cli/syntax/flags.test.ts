import test from "ava";
import { Command } from "commander";
import { BUILD_SYNTAX } from "../../../cli/syntax/build-flags.js";
import { HelpRequested, type ParsedFlags, parseFlags } from "../../../cli/syntax/flags.js";

/** Returns the flags that the parser was given, and the result. */
function flagsGiven(line: string): { readonly count: number; readonly parsed: ParsedFlags | undefined; readonly error: unknown } {
  const { prototype } = Command;
  const { addOption } = prototype;
  let count = 0;
  prototype.addOption = function counting(option) {
    count++;
    return addOption.call(this, option);
  };
  try {
    return { count, parsed: parseFlags(BUILD_SYNTAX, line.split(" ")), error: undefined };
  } catch (error) {
    return { count, parsed: undefined, error };
  } finally {
    prototype.addOption = addOption;
  }
}

/** Command lines, and the greatest number of flags of the parser. */
const LINES: Readonly<Record<string, number>> = {
  ".": 0,
  "-t app .": 1,
  "--tag=app --build-arg A=b .": 2,
  "-qt app .": 2,
  // A name that begins another one.
  "--no-cache-filter a .": 2,
};

test("flags: the parser is given those that the command line names", (t) => {
  for (const [line, most] of Object.entries(LINES)) {
    const { count, parsed } = flagsGiven(line);
    t.deepEqual(parsed?.operands, ["."], line);
    t.true(count <= most, `${line}: ${count}`);
  }
  const { parsed } = flagsGiven("-qt app -f a --build-arg A=b --build-arg=C --pull .");
  t.deepEqual(
    [parsed?.has("quiet"), parsed?.all("tag"), parsed?.one("file"), parsed?.all("build-arg"), parsed?.one("pull"), parsed?.one("target")],
    [true, ["app"], "a", ["A=b", "C"], "always", undefined],
  );
});

test("flags: help and errors come from a parser with all flags", (t) => {
  for (const line of ["--help", "-h", "-qh .", "--tag=app --help"]) {
    const { error } = flagsGiven(line);
    t.true(error instanceof HelpRequested, line);
    t.regex((error as HelpRequested).text, /--network </);
  }
  t.like(flagsGiven("--tagg app .").error, { code: "cli/unknown-flag" });
  t.true(flagsGiven("--tagg app .").count > 50);
});
