/**
 * Allowed imports: the table of docs/architecture.md. `folders` are allowed besides the file's own;
 * `packages` are from npm. A deeper path wins over its parent.
 */
export interface Rule {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Only these files of a folder, where not all of it is open. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
}

const BELOW_API = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters"];

export const RULES: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: ["koffi"] },
  llb: { folders: ["core"], packages: [] },
  "llb/wire": { folders: ["core", "llb"], packages: ["@bufbuild/protobuf"] },
  "executor-native": { folders: ["core"], packages: ["koffi", "yaml"] },
  net: { folders: ["core"], packages: ["node-fetch", "https-proxy-agent"] },
  oci: { folders: ["core", "net"], packages: ["tar-stream", "valibot"] },
  cache: { folders: ["core", "net", "oci"], packages: ["@photostructure/sqlite", "lru-cache", "valibot"] },
  "cache/remote": {
    folders: ["core", "net", "oci"],
    packages: ["aws4fetch", "@aws-sdk/credential-provider-node", "valibot"],
  },
  solver: { folders: ["core", "net", "llb", "oci", "cache", "executor-native"], packages: ["p-queue", "lru-cache"] },
  "solver/buildkit": { folders: ["core", "llb", "oci"], packages: ["@bufbuild/protobuf"] },
  "solver/engine": { folders: ["core"], packages: ["p-queue"] },
  frontend: {
    folders: ["core", "llb", "oci"],
    packages: ["bcryptjs", "chevrotain", "yaml"],
    only: { oci: ["oci/reference.ts", "oci/platform.ts", "oci/types.ts"] },
  },
  exporters: { folders: ["core", "oci", "cache"], packages: ["tar-stream"] },
  api: { folders: BELOW_API, packages: ["valibot", "lru-cache", "diff"] },
  cli: {
    folders: ["api", "core"],
    packages: ["commander", "picocolors", "string-width", "@vscode/debugadapter", "@vscode/debugprotocol"],
  },
  bench: { folders: [...BELOW_API, "api", "cli"], packages: ["koffi"] },
};

/**
 * The wings of a folder, from the bottom up: a file imports from its own wing and from those before
 * it. A wing is a folder inside, a file, or with `.` the files beside the folders that have no
 * entry of their own.
 */
export const WINGS: Readonly<Record<string, readonly string[]>> = {
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
    "buildkit",
    "buildkit-keys",
    ".",
  ],
  "solver/buildkit": ["errors.ts", "grpc", "messages", "address", "session", "transfer", "serving", "builder.ts"],
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
    "stepping",
    "diff",
    "doctor",
    "server",
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
    "dap",
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
export const MAX_FILES = 25;
export const TABLES = ["frontend/dockerfile/lint/rules", "frontend/dockerfile/instructions", "cli/commands"];
