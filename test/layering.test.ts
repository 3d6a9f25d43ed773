import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import test from "ava";
import { circles } from "./support/circles.js";
import { importsOf, packageOf, resolveLocal, root, sources } from "./support/source-imports.js";

/**
 * Allowed imports: the table of docs/architecture.md. `folders` are allowed besides the file's own;
 * `packages` are from npm. A deeper path wins over its parent.
 */
interface Rule {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Only these files of a folder, where not all of it is open. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
}

const BELOW_API = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "buildkit", "solver", "exporters"];

const RULES: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: ["koffi"] },
  llb: { folders: ["core"], packages: [] },
  "llb/wire": { folders: ["core", "llb"], packages: ["@bufbuild/protobuf"] },
  "executor-native": { folders: ["core"], packages: ["koffi", "yaml"] },
  net: { folders: ["core"], packages: ["node-fetch", "https-proxy-agent"] },
  buildkit: { folders: ["core", "llb", "oci"], packages: ["@bufbuild/protobuf"] },
  oci: { folders: ["core", "net"], packages: ["tar-stream", "valibot"] },
  cache: { folders: ["core", "net", "oci"], packages: ["@photostructure/sqlite", "lru-cache", "valibot"] },
  "cache/remote": {
    folders: ["core", "net", "oci"],
    packages: ["aws4fetch", "@aws-sdk/credential-provider-node", "valibot"],
  },
  solver: { folders: ["core", "net", "llb", "oci", "cache", "executor-native"], packages: ["p-queue", "lru-cache"] },
  "solver/engine": { folders: ["core"], packages: ["p-queue"] },
  frontend: {
    folders: ["core", "llb", "oci"],
    packages: ["bcryptjs", "chevrotain", "yaml"],
    only: { oci: ["oci/reference.ts", "oci/platform.ts", "oci/types.ts"] },
  },
  exporters: { folders: ["core", "oci", "cache"], packages: ["tar-stream"] },
  api: { folders: BELOW_API, packages: ["valibot", "lru-cache", "diff"] },
  cli: { folders: ["api", "core"], packages: ["commander", "picocolors", "string-width"] },
  bench: { folders: [...BELOW_API, "api", "cli"], packages: ["koffi"] },
};

/**
 * The wings of a folder, from the bottom up: a file imports from its own wing and from those before
 * it. A wing is a folder inside, a file, or with `.` the files beside the folders that have no
 * entry of their own.
 */
const WINGS: Readonly<Record<string, readonly string[]>> = {
  core: ["error-codes", ".", "go-values", "text", "system", "tasks"],
  llb: ["ops.ts", "sources", ".", "wire", "definition.ts", "index.ts"],
  "llb/wire": [
    "public.ts",
    "errors.ts",
    "wire-types.ts",
    "fields.ts",
    "message.ts",
    "numbers.ts",
    "operations.ts",
    "definition.ts",
    "labels.ts",
    "read",
    "write",
    "forms.ts",
  ],
  oci: [".", "tar", "layer", "layout", "registry"],
  "executor-native": [
    "helper-failure.ts",
    "errors.ts",
    "tier.ts",
    "limits",
    ".",
    "devices",
    "emulation",
    "isolation",
    "network",
    "chroot",
    "worker",
    "start-worker.ts",
  ],
  "oci/layer": ["model", "read", "write", "."],
  buildkit: ["errors.ts", "grpc", "messages", "address", "session", "transfer", "builder.ts"],
  "frontend/hcl": ["values", "ast.ts", "kept-body.ts", "errors.ts", "syntax", "evaluate", "patterns", "functions"],
  frontend: ["frontend.ts", "hcl", "bake", "compose", "dockerfile"],
  "frontend/dockerfile": [
    "problem.ts",
    "instruction-shapes.ts",
    "ast.ts",
    "values",
    "errors",
    "syntax",
    "lint",
    "stage",
    "instructions",
    "passes",
    ".",
  ],
  cache: ["contract", ".", "database", "processes", "content", "builds", "index", "collect", "open-store.ts", "remote"],
  solver: [
    "result.ts",
    "layer-forms.ts",
    "engine",
    "cache-adapter.ts",
    "layers",
    "remote",
    "ssh",
    "explain",
    "fresh-mounts.ts",
    "ports.ts",
    "secrets",
    "ops",
    "buildkit-keys",
    ".",
  ],
  "solver/ops": ["local", "file", "inputs", "mounts", "."],
  api: [
    "options",
    "texts",
    "record",
    "session",
    "store",
    "sources",
    "remote-cache",
    "compose",
    "attest",
    "commands",
    "services",
    "builder",
    "build",
    "bake",
    "image-store",
    "run",
    "debug",
    "diff",
    "doctor",
    "index.ts",
  ],
  cli: [
    ".",
    "output",
    "syntax",
    "prompts",
    "progress",
    "engines",
    "check",
    "bake",
    "commands",
    "docker",
    "commands-table.ts",
    "library.ts",
    "run.ts",
    "main.ts",
  ],
};

/**
 * Files that a folder may hold, so that it can be held in the head. Tables have a file for each
 * row.
 */
const MAX_FILES = 25;
const TABLES = ["frontend/dockerfile/lint/rules", "frontend/dockerfile/instructions", "cli/commands"];

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
