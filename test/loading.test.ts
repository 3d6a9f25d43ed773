import test from "ava";
import { PROGRAM } from "./support/program-folders.js";
import { type Import, importsOf, packageOf, resolveLocal, sources } from "./support/source-imports.js";

const files = PROGRAM.filter((folder) => folder !== "scripts").flatMap((folder) => [...sources(folder)]);
const imports = new Map<string, readonly Import[]>(files.map((file) => [file, importsOf(file)]));

// A static import of one of these in a build without changes costs more than that build.
const HEAVY = [
  "@aws-sdk/credential-provider-node",
  "@bufbuild/protobuf",
  "aws4fetch",
  "chevrotain",
  "node-fetch",
  "@photostructure/sqlite",
  "koffi",
  "https-proxy-agent",
];

function chain(file: string, from: ReadonlyMap<string, string | undefined>): string {
  const path = [];
  for (let at: string | undefined = file; at; at = from.get(at)) path.unshift(at);
  return path.join(" -> ");
}

/** Returns the ways from a file over static imports to any of these packages. */
function reached(start: string, packages: readonly string[]): readonly string[] {
  const seen = new Map<string, string | undefined>([[start, undefined]]);
  const wrong: string[] = [];
  const queue = [start];
  for (let file = queue.shift(); file; file = queue.shift()) {
    for (const { specifier, isType, isDynamic } of imports.get(file) ?? []) {
      if (isType || isDynamic) continue;
      if (packages.includes(packageOf(specifier))) wrong.push(`${chain(file, seen)} -> ${specifier}`);
      if (!specifier.startsWith(".")) continue;
      const target = resolveLocal(file, specifier);
      if (seen.has(target) || !imports.has(target)) continue;
      seen.set(target, file);
      queue.push(target);
    }
  }
  return wrong;
}

test("packages that take long to load are reached by dynamic import only", (t) => {
  t.true(imports.has("cli/main.ts"));
  // The general help and the version need neither flags nor checks of data.
  t.deepEqual(reached("cli/main.ts", [...HEAVY, "commander", "valibot"]), []);
});

test("a command knows its flags, and prints its help, without checks of data and what takes long to load", (t) => {
  const commands = files.filter((file) => file.startsWith("cli/commands/"));
  t.true(commands.length > 15);
  t.deepEqual(
    commands.flatMap((file) => reached(file, [...HEAVY, "valibot"])),
    [],
  );
});
