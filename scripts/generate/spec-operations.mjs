// Makes executor-native/worker/spec-operations.ts from executor-native/helper/spec/operations.def,
// so that the keys and fields of a sandbox's spec are written once. Run it by hand when an
// operation changes; `--print` writes to the terminal instead.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "executor-native");

/** Type of each kind of field. */
const TYPES = { text: "string", number: "Decimal", flag: "boolean", bytes: "Uint8Array" };

const operations = readFileSync(join(folder, "helper", "spec", "operations.def"), "utf8")
  .replaceAll(/\/\*.*?\*\//gs, "")
  .matchAll(/^(TEXT|NUMBER|FLAG|LIST|FIELDS)\("([\w-]+)", \w+, (.*)\)$/gm);

/** Returns the type of a field that the table lists by its name, or by its kind and its name. */
function field(text, usual) {
  const [name, kind = usual] = text.split(" ").reverse();
  return `${name}: ${TYPES[kind]}`;
}

const members = Array.from(operations, ([, macro, key, fields]) => {
  const kind = macro === "NUMBER" || macro === "FLAG" ? macro.toLowerCase() : "text";
  const list = fields.split(", ").map((quoted) => field(JSON.parse(quoted), kind));
  return `  readonly ${key.includes("-") ? JSON.stringify(key) : key}: readonly [${list.join(", ")}];`;
});

const text = `// Made by scripts/generate/spec-operations.mjs from executor-native/helper/spec/operations.def.

type Decimal = number | bigint;

/** Operations of a sandbox's spec, each with its fields. */
export interface SpecOperations {
${members.join("\n")}
}
`;

if (process.argv[2] === "--print") process.stdout.write(text);
else writeFileSync(join(folder, "worker", "spec-operations.ts"), text);
