// Makes the lists of lint rules from their pages in docs/lint:
//   frontend/dockerfile/lint/all-rules.ts   every rule, in the order in which they came
//   docs/lint/README.md                     the rows of its tables
// Run with --write when a rule comes or goes; without, it says what is out of date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = join(root, "docs", "lint");
const README = join(pages, "README.md");
const LIST = join(root, "frontend", "dockerfile", "lint", "all-rules.ts");

/** Words of the pages for rules that can fix what breaks them, each with its cell of the table. */
const FIXES = [
  ["`tsbuild check --fix` fixes it where nothing else changes", "where safe"],
  ["`tsbuild check --fix` fixes it", "yes"],
  ["The hint shows a line that fixes it", "proposal"],
  ["It is fixed by hand", ""],
];

function readPage(file) {
  const text = readFileSync(join(pages, file), "utf8");
  const [, name, quote, paragraph] = /^# (\w+)\n\n> ((?:.|\n> )+)\n\n((?:.|\n(?!\n))+)/.exec(text) ?? [];
  const description = quote?.replaceAll("\n> ", " ");
  const summary = paragraph?.replaceAll("\n", " ");
  const fix = FIXES.find(([phrase]) => summary?.includes(phrase));
  if (fix === undefined) {
    const phrases = FIXES.map(([phrase]) => `"${phrase}"`).join(", ");
    throw new Error(`Cannot read docs/lint/${file}: expected "# Name", "> description", and a paragraph with one of ${phrases}`);
  }
  return { file, name, description, own: summary.includes("A rule of tsbuild's own"), fix: fix[1] };
}

/** Returns the rules in the order of the list, new ones behind those of their kind. */
function rules() {
  const order = [...readFileSync(LIST, "utf8").matchAll(/^ {2}(\w+),$/gm)].map((row) => row[1]);
  const place = ({ name }) => (order.includes(name) ? order.indexOf(name) : order.length);
  return readdirSync(pages)
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .map(readPage)
    .sort((a, b) => Number(a.own) - Number(b.own) || place(a) - place(b));
}

function list(all) {
  const imports = all.map(({ file, name }) => `import { ${name} } from "./rules/${file.replace(/\.md$/, ".js")}";`);
  return `// Made by scripts/lint-rules.mjs from the pages in docs/lint.

import type { FileRule } from "./file-rule.js";
import type { LintRule } from "./rule.js";
${imports.sort().join("\n")}

/** Every rule, BuildKit's first. */
export const RULES: readonly (LintRule<never> | FileRule<never>)[] = [
${all.map(({ name }) => `  ${name},`).join("\n")}
];
`;
}

function readme(all) {
  let text = readFileSync(README, "utf8");
  for (const own of [false, true]) {
    const rows = all
      .filter((rule) => rule.own === own)
      .map(({ name, file, description, fix }) => `| [${name}](${file}) | ${description} | ${fix} |\n`);
    const head = `| rule of ${own ? "tsbuild" : "BuildKit"}'s | what it wants | \`--fix\` |\n|---|---|---|\n`;
    const [before, after] = text.split(head);
    if (after === undefined) throw new Error(`Cannot find the table "${head.split("\n")[0]}" in docs/lint/README.md`);
    text = before + head + rows.join("") + after.replace(/^(?:\|.*\n)*/, "");
  }
  return text;
}

/** Returns the files that the pages lead to, each with its text. */
export function lintRuleLists() {
  const all = rules();
  return new Map([
    [LIST, list(all)],
    [README, readme(all)],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = [...lintRuleLists()].filter(([file, text]) => readFileSync(file, "utf8") !== text);
  if (process.argv.includes("--write")) for (const [file, text] of stale) writeFileSync(file, text);
  else for (const [file] of stale) console.log(`out of date: ${file}`);
  process.exit(process.argv.includes("--write") || stale.length === 0 ? 0 : 1);
}
