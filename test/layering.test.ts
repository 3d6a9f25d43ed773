import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import test from "ava";
import { circles } from "./support/circles.js";
import { MAX_FILES, type Rule, RULES, TABLES, WINGS } from "./support/layers.js";
import { importsOf, packageOf, resolveLocal, root, sources } from "./support/source-imports.js";

const builtins = new Set(builtinModules);

function ruleFor(file: string): { readonly name: string; readonly rule: Rule } | undefined {
  for (let path = posix.dirname(file); path !== "."; path = posix.dirname(path)) {
    const rule = RULES[path];
    if (rule) return { name: path, rule };
  }
  return undefined;
}

const files = Object.keys(RULES)
  .filter((folder) => !folder.includes("/") && existsSync(join(root, folder)))
  .flatMap((folder) => [...sources(folder)]);
const graph = new Map(files.map((file) => [file, importsOf(file).map(({ specifier }) => specifier)]));
/** The files of ours that a file imports. */
const local = new Map(
  [...graph].map(([file, specifiers]) => [
    file,
    specifiers.filter((specifier) => specifier.startsWith(".")).map((specifier) => resolveLocal(file, specifier)),
  ]),
);

test("every folder imports only what the table allows", (t) => {
  const wrong: string[] = [];
  for (const [file, specifiers] of graph) {
    const found = ruleFor(file);
    if (!found) continue;
    const { name, rule } = found;
    for (const specifier of specifiers) {
      if (specifier.startsWith("node:") || builtins.has(specifier)) continue;
      if (!specifier.startsWith(".")) {
        if (!rule.packages.includes(packageOf(specifier)))
          wrong.push(`${file}\n    -> ${specifier} (${name}/ may use ${rule.packages.join(", ") || "no package"})`);
        continue;
      }
      const target = resolveLocal(file, specifier);
      const folder = target.split("/")[0] as string;
      const inside = target.startsWith(`${name}/`);
      if (inside) continue;
      const only = rule.only?.[folder];
      if (!rule.folders.includes(folder))
        wrong.push(`${file}\n    -> ${target}${way(target)} (${name}/ may import ${rule.folders.join(", ") || "nothing else"})`);
      else if (only && !only.includes(target)) wrong.push(`${file}\n    -> ${target} (${name}/ may import ${only.join(", ")})`);
    }
  }
  t.is(wrong.length, 0, `imports against the table of docs/architecture.md:\n${wrong.join("\n")}`);
});

test("test/ and bench/ are imported by nobody", (t) => {
  const wrong = [...graph].flatMap(([file, specifiers]) =>
    specifiers
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => resolveLocal(file, specifier))
      .filter((target) => /^(test|bench)\//.test(target) && !file.startsWith("bench/"))
      .map((target) => `${file} -> ${target}`),
  );
  t.deepEqual(wrong, []);
});

test("relative imports name files that exist, with .js at the end", (t) => {
  const wrong = [...graph].flatMap(([file, specifiers]) =>
    specifiers
      .filter(
        (specifier) => specifier.startsWith(".") && !(specifier.endsWith(".js") && existsSync(join(root, resolveLocal(file, specifier)))),
      )
      .map((specifier) => `${file} -> ${specifier}`),
  );
  t.deepEqual(wrong, []);
});

test("no import leads upwards between the wings of a folder", (t) => {
  const wrong: string[] = [];
  for (const [folder, wings] of Object.entries(WINGS)) {
    for (const [file, targets] of local) {
      if (!file.startsWith(`${folder}/`)) continue;
      const from = wingOf(file, folder, wings);
      if (from === undefined) wrong.push(`${file}\n    stands in no wing of ${folder}/ (${wings.join(", ")})`);
      for (const target of targets) {
        const to = target.startsWith(`${folder}/`) ? wingOf(target, folder, wings) : undefined;
        if (from !== undefined && to !== undefined && to > from)
          wrong.push(`${file}\n    -> ${target}${way(target)} (in ${folder}/, ${wings[to]} stands above ${wings[from]})`);
      }
    }
  }
  t.is(wrong.length, 0, `imports against the order of the wings:\n${wrong.join("\n")}`);
});

/** Returns the place of a file among the wings of a folder that it is in. */
function wingOf(file: string, folder: string, wings: readonly string[]): number | undefined {
  const [first, ...rest] = file.slice(folder.length + 1).split("/");
  const place = wings.indexOf(first as string);
  const found = place === -1 && rest.length === 0 ? wings.indexOf(".") : place;
  return found === -1 ? undefined : found;
}

test("no folder but a table holds more files than can be held in the head", (t) => {
  const counts = new Map<string, number>();
  for (const file of [...files, ...sources("test")]) {
    const folder = posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const wrong = [...counts].filter(([folder, count]) => count > MAX_FILES && !TABLES.includes(folder));
  t.deepEqual(
    wrong.map(([folder, count]) => `${folder}/ holds ${count} files, at most ${MAX_FILES}`),
    [],
  );
});

test("no files import each other in a circle, types included", (t) => {
  t.deepEqual(
    circles(local).map((circle) => circle.join("\n    -> ")),
    [],
  );
});

test("no folders import each other in a circle", (t) => {
  const folders = new Map<string, string[]>();
  for (const [file, targets] of local) {
    const from = file.split("/")[0] as string;
    const others = targets.map((target) => target.split("/")[0] as string).filter((to) => to !== from);
    folders.set(from, [...(folders.get(from) ?? []), ...others]);
  }
  t.deepEqual(
    circles(folders).map((circle) => circle.join(" -> ")),
    [],
  );
});

/**
 * Returns the imports of a forbidden target outside its own folder: the reason why the edge
 * matters.
 */
function way(target: string): string {
  const seen = new Set([target]);
  const queue: (readonly string[])[] = [[target]];
  for (let path = queue.shift(); path; path = queue.shift()) {
    const last = path.at(-1) as string;
    for (const specifier of graph.get(last) ?? []) {
      if (!specifier.startsWith(".") && !specifier.startsWith("node:") && !builtins.has(specifier)) {
        return `${path
          .slice(1)
          .map((file) => `\n       -> ${file}`)
          .join("")}\n       -> ${specifier}`;
      }
      if (!specifier.startsWith(".")) continue;
      const next = resolveLocal(last, specifier);
      if (!seen.has(next)) queue.push([...path, next]);
      seen.add(next);
    }
  }
  return "";
}

/** Files that make errors with any code: they carry errors across processes, or complete them. */
const CARRIERS = ["core/errors.ts", "core/error-transfer.ts", "api/remote-cache/fetch-layer.ts", "api/session/store-worker.ts"];

test("errors: none is made but in the errors file of its area", (t) => {
  const wrong: string[] = [];
  for (const file of files) {
    if (/(^|[/-])errors\.ts$|\/errors\//.test(file) || CARRIERS.includes(file) || file.startsWith("bench/")) continue;
    const text = readFileSync(join(root, file), "utf8");
    if (/\bnew (TsbuildError|UsageError|RegistryError|HttpError|CacheServiceError)\(/.test(text)) wrong.push(file);
  }
  t.deepEqual(wrong, [], "put functions that make them into the errors.ts beside these files");
});
