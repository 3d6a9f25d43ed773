import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { GROUPS, type OptionFlag } from "../../../api/options/option.js";
import { BUILD_OPTIONS } from "../../../api/options/table.js";
import { BUILD_FLAGS, OPTION_FLAGS } from "../../../cli/syntax/build-flags.js";
import { packageRoot } from "../../../core/package-root.js";

const PAGE = join(packageRoot(), "docs", "options.md");

/** Returns the spelling of a flag: `-o, --output <dest>`. */
function spelling({ name, short, value, modes }: (typeof BUILD_FLAGS)[number]): string {
  const long = `--${name}${value === undefined ? "" : ` ${value}`}${modes === undefined ? "" : `[=${modes.join("\\|")}]`}`;
  return `\`${short === undefined ? "" : `-${short}, `}${long.replaceAll("|", "\\|").replaceAll("\\\\|", "\\|")}\``;
}

/** Returns the table of flags with their options, for each heading of the help. */
function tables(): string {
  const options = new Map(OPTION_FLAGS.map(([name, flag]) => [flag.name, name]));
  return Object.values(GROUPS)
    .map((group) => {
      const rows = BUILD_FLAGS.filter((flag) => flag.group === group && !flag.hidden).map((flag) => {
        const name = options.get(flag.name);
        return `| ${spelling(flag)} | ${name === undefined ? "" : `\`${name}\``} | ${flag.text.replaceAll("|", "\\|")} |\n`;
      });
      return `## ${group.replace(/:$/, "")}\n\n| flag | option | |\n|---|---|---|\n${rows.join("")}`;
    })
    .join("\n");
}

test("options: docs/options.md has the rows of the table", (t) => {
  const text = readFileSync(PAGE, "utf8");
  const made = `${text.split(/^## /m)[0]}${tables()}`;
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(PAGE, made);
  t.is(process.env["UPDATE_GOLDEN"] ? made : text, made, "UPDATE_GOLDEN=1 writes it");
});

test("options: each flag stands in one row, with a way to read it", (t) => {
  const names = BUILD_FLAGS.flatMap(({ name, short }) => (short === undefined ? [name] : [name, `-${short}`]));
  t.deepEqual(names, [...new Set(names)]);
  for (const [name, row] of Object.entries(BUILD_OPTIONS)) {
    const flag: OptionFlag | undefined = row.flag;
    if (flag === undefined) continue;
    t.true(Object.values<string | undefined>(GROUPS).includes(flag.group), `${name} has a heading of the help`);
    t.is(flag.reads === "word", flag.words !== undefined, `${name}: words are for flags that are read as one`);
    t.true(flag.value !== undefined || flag.modes !== undefined || flag.reads === "switch", `${name}: a switch has no value`);
  }
});
