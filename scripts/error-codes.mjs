// Makes docs/errors.md from the catalogue of error codes in core/error-codes/:
//   node scripts/error-codes.mjs           says whether the page is out of date
//   node scripts/error-codes.mjs --write   writes it; the text above its first heading stays
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = join(root, "docs", "errors.md");

/** Headings of the page by the first half of the codes, in its order. */
const AREAS = {
  cli: "The command line",
  options: "Options of the library",
  context: "The build context",
  dockerfile: "The Dockerfile",
  check: "Checks",
  reference: "Image names",
  platform: "Platforms",
  bake: "Bake files",
  hcl: "Expressions of bake files",
  compose: "Compose files",
  copy: "COPY and ADD",
  file: "File operations",
  build: "Running the build",
  llb: "BuildKit's graphs",
  builder: "Builders on other machines",
  server: "Serving others' clients",
  secret: "Secrets",
  ssh: "SSH agents",
  exec: "RUN steps",
  run: "Running images",
  service: "Services of a build",
  debug: "Debugging steps",
  diff: "Comparing steps and images",
  source: "Downloads and repositories",
  image: "Base images",
  registry: "Registries",
  layer: "Layers",
  tar: "Archives",
  store: "The store",
  cache: "Caches between machines",
  images: "Images in the store",
  history: "Builds of the past",
  export: "Outputs",
  layout: "OCI layouts",
  install: "The installation",
  core: "The process",
  internal: "Bugs",
};

/** Columns of a page's prose. */
const COLUMNS = 100;

/** Returns a paragraph in lines of the page's width. A span of code or a link stays in one line. */
function wrapped(text) {
  const words = text.match(/(?:\[[^\]]*\]\([^)]*\)|`[^`]*`|[^\s`[]|[`[])+/g) ?? [];
  const lines = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}

/** Returns the entries of the catalogue by their codes, from the sources as they are now. */
export async function errorEntries() {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, "core", "error-codes", "index.ts")],
    bundle: true,
    format: "esm",
    write: false,
  });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  return module.errorEntries();
}

/** Returns the page that the catalogue leads to. */
export async function errorPage() {
  const entries = [...(await errorEntries())].sort(([a], [b]) => (a < b ? -1 : 1));
  const unknown = entries.map(([code]) => code).filter((code) => !Object.hasOwn(AREAS, code.split("/")[0]));
  if (unknown.length > 0)
    throw new Error(`Cannot write docs/errors.md: no heading for ${unknown.join(", ")}; add one to scripts/error-codes.mjs`);
  const [top] = readFileSync(PAGE, "utf8").split(/^(?=## )/m);
  const areas = Object.entries(AREAS).map(([area, heading]) => {
    const sections = entries
      .filter(([code]) => code.startsWith(`${area}/`))
      .map(([code, { title, cause, wayOut }]) => `### \`${code}\`\n\n${wrapped(`**${title}.** ${cause}`)}\n\n${wrapped(wayOut)}\n`);
    return `## ${heading}\n\n${sections.join("\n")}`;
  });
  return `${top.trimEnd()}\n\n${areas.join("\n")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await errorPage();
  const isCurrent = page === readFileSync(PAGE, "utf8");
  if (process.argv.includes("--write")) writeFileSync(PAGE, page);
  else if (!isCurrent) console.log("out of date: docs/errors.md");
  process.exit(isCurrent || process.argv.includes("--write") ? 0 : 1);
}
