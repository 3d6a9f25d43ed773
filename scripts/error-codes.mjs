// Compares docs/errors.md with the stable error codes in the sources:
//   node scripts/error-codes.mjs           lists codes without a section, and the reverse
//   node scripts/error-codes.mjs --write   adds sections from the messages, drops those without a code
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];
/** Literals of the same form that are no codes: media types, places. */
const NOT_CODES = /^(application|text|blobs|docker|linux|etc|library|node|refs|user)\//;

/** Subject of each first half of a code, in the order of the page. */
const AREAS = {
  cli: "The command line",
  options: "Options of the library",
  context: "The build context",
  dockerfile: "The Dockerfile",
  check: "Checks",
  reference: "Image names",
  platform: "Platforms",
  copy: "COPY and ADD",
  file: "File operations",
  build: "Running the build",
  exec: "RUN steps",
  sandbox: "The sandbox",
  worker: "The worker process",
  source: "Downloads and repositories",
  secret: "Secrets",
  image: "Base images",
  registry: "Registries",
  layer: "Layers",
  tar: "Archives",
  store: "The store",
  cache: "Caches between machines",
  images: "Images in the store",
  history: "Builds of the past",
  export: "Outputs",
  install: "The installation",
};

function* sources(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** Returns for each code the place where it is made and the texts that follow it. */
export function errorCodes() {
  const codes = new Map();
  for (const folder of FOLDERS.filter((name) => existsSync(join(root, name)))) {
    for (const path of sources(join(root, folder))) {
      const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      for (const found of text.matchAll(/"([a-z][a-z0-9]*(?:-[a-z0-9]+)*\/[a-z0-9]+(?:-[a-z0-9]+)*)"/g)) {
        const code = found[1];
        if (NOT_CODES.test(code) || /(?:from|import\()\s*$/.test(text.slice(0, found.index))) continue;
        const entry = codes.get(code) ?? { files: new Set(), messages: new Set() };
        entry.files.add(relative(root, path));
        const message = messageAfter(text.slice(found.index + found[0].length, found.index + 600));
        if (message) entry.messages.add(message);
        codes.set(code, entry);
      }
    }
  }
  return codes;
}

/**
 * Returns the first literal after a code that reads like a sentence, with an ellipsis for each
 * inserted value.
 */
function messageAfter(text) {
  const found = /^[^;"`]{0,120}(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/.exec(text);
  const message = (found?.[1] ?? found?.[2] ?? "")
    .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
    .replace(/\\(.)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
  return message.includes(" ") && message.length > 12 ? message : undefined;
}

const PAGE = join(root, "docs", "errors.md");
/** Returns the sections of the page by code, with the text below each heading. */
export function documentedCodes() {
  const sections = new Map();
  if (!existsSync(PAGE)) return sections;
  for (const part of readFileSync(PAGE, "utf8").split(/^### /m).slice(1)) {
    const [heading, ...rest] = part.split("\n");
    const body = rest.join("\n").split(/^## /m)[0].trim();
    // Quoted lines are the messages, which are written again; the rest is prose and stays.
    const prose = body
      .split("\n")
      .filter((line) => !line.startsWith(">"))
      .join("\n")
      .trim();
    sections.set(heading.replaceAll("`", "").trim(), prose);
  }
  return sections;
}

function write() {
  const codes = errorCodes();
  const written = documentedCodes();
  const areas = new Map();
  for (const code of [...codes.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    const [area] = code.split("/");
    areas.set(area, [...(areas.get(area) ?? []), code]);
  }
  const order = Object.keys(AREAS);
  const rank = (area) => (order.includes(area) ? order.indexOf(area) : order.length);
  // The text above the first area is prose.
  let page =
    readFileSync(PAGE, "utf8")
      .split(/^(?=## )/m)[0]
      .trimEnd() + "\n";
  for (const area of [...areas.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
    page += `\n## ${AREAS[area] ?? area}\n`;
    for (const code of areas.get(area)) {
      const says = [...codes.get(code).messages].map((message) => `> ${message}`).join("\n>\n");
      const body = [says, written.get(code)].filter(Boolean).join("\n\n");
      page += `\n### \`${code}\`\n\n${body || "> (the message depends on the case)"}\n`;
    }
  }
  writeFileSync(PAGE, page);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--write")) write();
  const codes = errorCodes();
  const written = documentedCodes();
  const missing = [...codes.keys()].filter((code) => !written.has(code));
  const stale = [...written.keys()].filter((code) => !codes.has(code));
  for (const code of missing) console.log(`no section: ${code} (${[...codes.get(code).files].join(", ")})`);
  for (const code of stale) console.log(`no such code: ${code}`);
  process.exit(missing.length + stale.length === 0 ? 0 : 1);
}
