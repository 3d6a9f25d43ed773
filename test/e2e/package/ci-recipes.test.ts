import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { recipeDocuments, recipeNames, recipeText } from "../../support/recipes.js";
import { runRig } from "../../support/rigs/cli-rig.js";

const recipes = recipeNames.map((name) => ({ name, text: recipeText(name) }));
const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);

/** Yields every text in a document. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) yield* textsOf(item);
}

/** Returns the lines of a recipe that a shell runs. */
function shellLines({ name, text }: (typeof recipes)[number]): string[] {
  if (isYaml(name)) return recipeDocuments(name).flatMap((document) => [...textsOf(document)].flatMap((one) => one.split("\n")));
  if (name === "Jenkinsfile") return [...text.matchAll(/\bsh '([^']*)'/g)].map((found) => found[1] as string);
  return text.split("\n").map((line) => line.replace(/^(?:[\d*/,-]+ ){5}/, ""));
}

/** Returns the arguments of each `tsbuild` in a line, with a value for every variable. */
function commands(line: string): string[][] {
  return line
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part.startsWith("tsbuild "))
    .map((part) => {
      const plain = part.replaceAll(/\$+\([\w.]+\)|\$+\{\{[^}]*\}\}|\$+\w+/g, "x");
      return [...plain.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? "").slice(1);
    });
}

for (const recipe of recipes) {
  test(`the recipe ${recipe.name} says what the command understands`, async (t) => {
    const found = shellLines(recipe).flatMap(commands);
    t.true(found.some((args) => args[0] === "build"));
    // Some write a file.
    const cwd = mkdtempSync(join(tmpdir(), "tsbuild-recipe-"));
    t.teardown(() => rmSync(cwd, { recursive: true }));
    for (const args of found) {
      const { code, stderr } = await runRig(args, { stdin: "secret", cwd });
      t.not(code, 2, `tsbuild ${args.join(" ")}\n${stderr}`);
    }
  });
}

test("the page of CI names every recipe", (t) => {
  const page = readFileSync(join(packageRoot(), "docs", "ci.md"), "utf8");
  t.deepEqual(
    recipeNames.filter((name) => !page.includes(`(../examples/ci/${name})`)),
    [],
  );
  t.true(recipeNames.length >= 8);
});

test("the lines of the recipes are distinguished from others", (t) => {
  t.deepEqual(commands('echo "$A" | tsbuild login --username "$B" --password-stdin "$C"'), [
    ["login", "--username", "x", "--password-stdin", "x"],
  ]);
  t.deepEqual(commands("npm install --global tsbuild"), []);
});
