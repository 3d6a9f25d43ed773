import type { Command } from "./environment.js";

interface CommandEntry {
  readonly summary: string;
  /** True for a word of other builders, which the help only names. */
  readonly other?: true;
  /** Loads the command's code. Nothing of it is read before. */
  readonly load: () => Promise<{ readonly command: Command }>;
}

const manifest = (name: "create" | "annotate" | "inspect" | "push" | "remove") => async () => ({
  command: (await import("./docker/manifest.js"))[name],
});

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  build: { summary: "Build an image from a Dockerfile", load: () => import("./commands/build.js") },
  bake: { summary: "Build the targets of a bake file", load: () => import("./commands/bake.js") },
  serve: { summary: "Let docker's clients build here, by BuildKit's API", load: () => import("./commands/serve.js") },
  compose: { summary: "Build the services of a Compose file", load: () => import("./commands/compose.js") },
  run: { summary: "Run a command in an image or a stage, and keep nothing", load: () => import("./commands/run.js") },
  debug: { summary: "Open a shell in a step of a build, as it failed or ended", load: () => import("./commands/debug.js") },
  "debug llb": {
    summary: "Show the graph that a build would solve, or write it for BuildKit",
    load: () => import("./commands/debug-llb.js"),
  },
  dap: { summary: "Let an editor debug a build, by the Debug Adapter Protocol", load: () => import("./commands/dap.js") },
  diff: { summary: "Show what a step or an image changed", load: () => import("./commands/diff.js") },
  test: { summary: "Run the test stages of a Dockerfile, and report which pass", load: () => import("./commands/test.js") },
  check: { summary: "Check a Dockerfile without building it, and fix it", load: () => import("./commands/check.js") },
  images: { summary: "List images in the local store", load: () => import("./commands/images.js") },
  tag: { summary: "Give an image another name", load: () => import("./commands/tag.js") },
  rmi: { summary: "Remove images or names", load: () => import("./commands/rmi.js") },
  inspect: { summary: "Show what is known of images, as JSON or by a template", load: () => import("./commands/inspect.js") },
  history: { summary: "Show the steps an image was made of", load: () => import("./commands/history.js") },
  builds: { summary: "List builds of the past, show or remove them", load: () => import("./commands/builds.js") },
  logs: { summary: "Show what the steps of a build printed", load: () => import("./commands/logs.js") },
  explain: { summary: "Say why each step of a build ran, or what it was cached from", load: () => import("./commands/explain.js") },
  save: { summary: "Write images to an archive for docker, podman and OCI tools", load: () => import("./commands/save.js") },
  load: { summary: "Read images from a tar archive", load: () => import("./commands/load.js") },
  pull: { summary: "Fetch an image from a registry", load: () => import("./commands/pull.js") },
  push: { summary: "Send an image to a registry", load: () => import("./commands/push.js") },
  login: { summary: "Keep credentials for a registry", load: () => import("./commands/login.js") },
  logout: { summary: "Forget credentials for a registry", load: () => import("./commands/logout.js") },
  du: { summary: "Show what the store holds and how much room it takes", load: () => import("./commands/du.js") },
  "image prune": { summary: "Remove images without a name", load: () => import("./commands/image-prune.js") },
  prune: { summary: "Remove cached steps, cache mounts, and what nothing needs", load: () => import("./commands/prune.js") },
  import: { summary: "Make an image of an archive of files", load: () => import("./docker/import.js") },
  "system df": {
    other: true,
    summary: "Show what images and cached steps take, as docker does",
    load: () => import("./docker/system-df.js"),
  },
  "system prune": {
    other: true,
    summary: "Remove images without a name, and cached steps",
    load: () => import("./docker/system-prune.js"),
  },
  "imagetools create": {
    other: true,
    summary: "Make an index of images at registries",
    load: () => import("./docker/imagetools-create.js"),
  },
  "imagetools inspect": {
    other: true,
    summary: "Show an image as its registry has it",
    load: () => import("./docker/imagetools-inspect.js"),
  },
  "manifest create": { other: true, summary: "Begin a list of images at registries", load: manifest("create") },
  "manifest annotate": { other: true, summary: "Say what platform an image of a list is for", load: manifest("annotate") },
  "manifest inspect": { other: true, summary: "Show a list, or an image at its registry", load: manifest("inspect") },
  "manifest push": { other: true, summary: "Push a list under its name", load: manifest("push") },
  "manifest rm": { other: true, summary: "Forget lists that were not pushed", load: manifest("remove") },
  kaniko: { other: true, summary: "Build and push with the flags of kaniko", load: () => import("./docker/kaniko.js") },
  bud: { other: true, summary: "Build with the flags of buildah bud and podman build", load: () => import("./docker/bud.js") },
  version: { summary: "Show the version", load: () => import("./docker/version.js") },
  doctor: { summary: "Say what this machine has and lacks, and how to get it", load: () => import("./commands/doctor.js") },
};

/** Docker's words for the images: `docker image ls`. */
const IMAGE: Readonly<Record<string, string>> = {
  build: "build",
  ls: "images",
  list: "images",
  rm: "rmi",
  remove: "rmi",
  tag: "tag",
  inspect: "inspect",
  history: "history",
  save: "save",
  load: "load",
  pull: "pull",
  push: "push",
  import: "import",
};

/** Docker's words for building: `docker buildx build`, and the same after `docker builder`. */
const BUILDX: Readonly<Record<string, string>> = {
  build: "build",
  b: "build",
  bake: "bake",
  f: "bake",
  "dap build": "dap",
  du: "du",
  prune: "prune",
  version: "version",
  "imagetools create": "imagetools create",
  "imagetools inspect": "imagetools inspect",
  "history ls": "builds ls",
  "history inspect": "builds inspect",
  "history rm": "builds rm",
  "history logs": "logs",
  // Refused: it is no build of that name.
  "history inspect attachment": "",
};

const grouped = (group: string, words: Readonly<Record<string, string>>): readonly (readonly [string, string])[] =>
  Object.entries(words).map(([word, own]) => [`${group} ${word}`, own]);

/**
 * Docker's longer spellings, with ours: a pipeline with `docker buildx build` or `docker image ls`
 * changes one word.
 */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ...grouped("image", IMAGE),
  ...grouped("buildx", BUILDX),
  ...grouped("builder", BUILDX),
]);

/** Greatest number of words of a command. */
const WORDS = 4;

/** Returns the command that `argv` names, and its arguments. `--root DIR` may stand before it. */
export function commandName(argv: readonly string[]): { readonly name: string | undefined; readonly rest: readonly string[] } {
  for (let words = WORDS; words > 0; words--) {
    const spelled = argv.slice(0, words).join(" ");
    const rest = argv.slice(words);
    if (Object.hasOwn(COMMANDS, spelled)) return { name: spelled, rest };
    const own = SPELLINGS.get(spelled);
    if (own === "") break;
    if (own !== undefined) return commandName([...own.split(" "), ...rest]);
  }
  const [first = ""] = argv;
  const root = first === "--root" ? 2 : first.startsWith("--root=") ? 1 : 0;
  if (root > 0) {
    const inner = commandName(argv.slice(root));
    if (inner.name !== undefined) return { name: inner.name, rest: [...argv.slice(0, root), ...inner.rest] };
  }
  return { name: undefined, rest: argv };
}

export function generalHelp(): string {
  const entries = Object.entries(COMMANDS).filter(([, { other }]) => !other);
  const others = Object.keys(COMMANDS).filter((name) => COMMANDS[name]?.other);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: tsbuild [build] [options] PATH
       tsbuild COMMAND [options]

Builds container images from Dockerfiles: no daemon, no root.

Commands:
${lines.join("\n")}

As in docker, kaniko and buildah:
${wrapped(others)}

"tsbuild COMMAND --help" shows the options of a command.
`;
}

/** Returns names with commas between, in lines for a terminal. */
function wrapped(names: readonly string[]): string {
  const lines = [""];
  for (const name of names) {
    const last = lines.at(-1) as string;
    if (last.length + name.length > 74) lines.push(name);
    else lines[lines.length - 1] = last === "" ? name : `${last}, ${name}`;
  }
  return lines.map((line) => `  ${line}`).join(",\n");
}
