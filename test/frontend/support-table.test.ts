import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { casePath } from "../support/golden.js";
import { parseSections } from "../support/sections.js";

// docs/dockerfile-support.md says what is supported, and which cases show it. This keeps it true.

const page = readFileSync(join(packageRoot(), "docs", "dockerfile-support.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2, -2).split(/ \| /))
  .filter(([name]) => name !== "Feature" && name !== "---");

/** Returns true when a reference of the table's last column names any case. */
function caseExists(reference: string): boolean {
  const [, kind = "", rest = ""] = /^(dockerfile|e2e|file-op)\/(.*)$/.exec(reference) ?? [];
  if (kind === "dockerfile") return existsSync(casePath("dockerfile", rest, "Dockerfile"));
  const [, testFile, testTitle] = /^([\w/-]+\.test\.ts): (.*)$/.exec(rest) ?? [];
  if (kind === "e2e" && testFile) return readFileSync(join(packageRoot(), "test", "e2e", testFile), "utf8").includes(`("${testTitle}`);
  if (kind === "e2e") return existsSync(join(packageRoot(), "test", "e2e", "cases", rest, "case.json"));
  const [file = "", ...title] = (rest || reference).split(": ");
  const path = casePath(kind || "language", `${file}.txt`);
  return existsSync(path) && parseSections(readFileSync(path, "utf8")).some((found) => found.title.startsWith(title.join(": ")));
}

test("every case that the table names is there", (t) => {
  const missing: string[] = [];
  for (const [name = "", support = "", cases = ""] of rows) {
    const references = [...cases.matchAll(/`([^`]+)`/g)].map(([, reference]) => reference as string);
    t.not(support, "", name);
    if (references.length === 0) missing.push(`${name}: no case`);
    missing.push(...references.filter((reference) => !caseExists(reference)).map((reference) => `${name}: ${reference}`));
  }
  t.deepEqual(missing, []);
});

test("the table has every row of the language", (t) => {
  const wanted = readFileSync(casePath("language-rows.txt"), "utf8").trim().split("\n");
  t.deepEqual(
    rows.map(([name]) => name),
    wanted,
  );
});
