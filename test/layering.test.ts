import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix, relative } from "node:path";
import test from "ava";
import { packageRoot } from "../core/package-root.js";

/**
 * Who may import whom: the table of docs/architecture.md. `folders` besides its own; `packages` from npm. A deeper path wins over its parent.
 */
interface Rule {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Only these files of a folder, where not all of it is open. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
}

const BELOW_API = ["core", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters"];

const RULES: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: ["koffi"] },
  llb: { folders: ["core"], packages: [] },
  "executor-native": { folders: ["core"], packages: ["koffi"] },
  oci: { folders: ["core"], packages: ["tar-stream", "node-fetch", "https-proxy-agent", "valibot", "koffi"] },
  cache: { folders: ["core", "oci"], packages: ["@photostructure/sqlite", "lru-cache", "valibot"] },
  "cache/transfer": {
    folders: ["core", "oci", "cache"],
    packages: ["aws4fetch", "@aws-sdk/credential-provider-node", "valibot"],
  },
  solver: { folders: ["core", "llb", "oci", "cache", "executor-native"], packages: ["p-queue", "lru-cache"] },
  "solver/engine": { folders: ["core"], packages: ["p-queue"] },
  frontend: {
    folders: ["core", "llb", "oci"],
    packages: ["chevrotain"],
    only: { oci: ["oci/reference.ts", "oci/platform.ts", "oci/types.ts"] },
  },
  exporters: { folders: ["core", "oci", "cache"], packages: ["tar-stream"] },
  api: { folders: BELOW_API, packages: ["valibot", "lru-cache"] },
  cli: { folders: ["api", "core"], packages: ["commander", "picocolors", "string-width"] },
  bench: { folders: [...BELOW_API, "api", "cli"], packages: ["koffi"] },
};

const root = packageRoot();
const builtins = new Set(builtinModules);

/** A static import or export statement, of types too; `[^"'`;]` keeps a match inside one statement. */
const STATIC = /^\s*(?:import|export)\b([^"'`;]*?\bfrom\s*|\s*)"([^"\n]+)"/gm;
/** `import("…")`, also in a type. */
const DYNAMIC = /\bimport\s*\(\s*"([^"\n]+)"\s*\)/g;

function* sources(directory: string): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = posix.join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** Line comments and blocks blanked out, so that an example in a comment is no import. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " ")).replace(/^\s*\/\/.*$/gm, "");
}

function importsOf(file: string): readonly string[] {
  const text = withoutComments(readFileSync(join(root, file), "utf8"));
  return [
    ...[...text.matchAll(STATIC)].map((found) => found[2] as string),
    ...[...text.matchAll(DYNAMIC)].map((found) => found[1] as string),
  ];
}

/** The source file a relative specifier means, relative to the package. */
function resolveLocal(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier)).replace(/\.js$/, ".ts");
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

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
const graph = new Map(files.map((file) => [file, importsOf(file)]));

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

test("no import leads in a circle between folders", (t) => {
  const edges = new Map<string, Map<string, string>>();
  for (const [file, specifiers] of graph) {
    const from = file.split("/")[0] as string;
    for (const specifier of specifiers.filter((text) => text.startsWith("."))) {
      const target = resolveLocal(file, specifier);
      const to = target.split("/")[0] as string;
      if (to === from) continue;
      const known = edges.get(from) ?? new Map<string, string>();
      known.set(to, `${file} -> ${target}`);
      edges.set(from, known);
    }
  }
  const circles: string[] = [];
  const walk = (folder: string, path: readonly string[]): void => {
    if (path.includes(folder)) {
      circles.push([...path.slice(path.indexOf(folder)), folder].join(" -> "));
      return;
    }
    for (const next of edges.get(folder)?.keys() ?? []) walk(next, [...path, folder]);
  };
  for (const folder of edges.keys()) walk(folder, []);
  t.deepEqual(circles, []);
});

/** What a forbidden target brings along, as far as it goes outside its own folder: the reason why the edge matters. */
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

test("packages that take long to load are reached by dynamic import only", (t) => {
  // Static imports of one of these anywhere on the way of a build without changes cost more than that build.
  const HEAVY = [
    "@aws-sdk/credential-provider-node",
    "aws4fetch",
    "chevrotain",
    "node-fetch",
    "@photostructure/sqlite",
    "koffi",
    "https-proxy-agent",
  ];
  const start = "cli/main.ts";
  t.true(graph.has(start));
  const seen = new Map<string, string | undefined>([[start, undefined]]);
  const wrong: string[] = [];
  const queue = [start];
  for (let file = queue.shift(); file; file = queue.shift()) {
    const text = withoutComments(readFileSync(join(root, file), "utf8"));
    for (const found of text.matchAll(STATIC)) {
      if (/^\s+type\b/.test(found[1] as string)) continue;
      const specifier = found[2] as string;
      if (HEAVY.includes(packageOf(specifier))) wrong.push(`${chain(file, seen)} -> ${specifier}`);
      if (!specifier.startsWith(".")) continue;
      const target = resolveLocal(file, specifier);
      if (seen.has(target) || !graph.has(target)) continue;
      seen.set(target, file);
      queue.push(target);
    }
  }
  t.deepEqual(wrong, []);
});

function chain(file: string, from: ReadonlyMap<string, string | undefined>): string {
  const path = [];
  for (let at: string | undefined = file; at; at = from.get(at)) path.unshift(relative(root, join(root, at)));
  return path.join(" -> ");
}
