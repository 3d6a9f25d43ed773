import type { Command } from "./environment.js";

interface CommandEntry {
  readonly summary: string;
  /** Loads the command's code. Nothing of it is read before. */
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  build: { summary: "Build an image from a Dockerfile", load: () => import("./commands/build.js") },
  bake: { summary: "Build the targets of a bake file", load: () => import("./commands/bake.js") },
  compose: { summary: "Build the services of a Compose file", load: () => import("./commands/compose.js") },
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
  "system df": { summary: "Show what images and cached steps take, as docker does", load: () => import("./docker/system-df.js") },
  "system prune": { summary: "Remove images without a name, and cached steps", load: () => import("./docker/system-prune.js") },
  kaniko: { summary: "Build and push with the flags of kaniko", load: () => import("./docker/kaniko.js") },
  bud: { summary: "Build with the flags of buildah bud and podman build", load: () => import("./docker/bud.js") },
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
};

/** Docker's words for building: `docker buildx build`, and the same after `docker builder`. */
const BUILDX: Readonly<Record<string, string>> = {
  build: "build",
  b: "build",
  bake: "bake",
  f: "bake",
  du: "du",
  prune: "prune",
  version: "version",
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
    const [name, ...more] = SPELLINGS.get(spelled)?.split(" ") ?? [];
    if (name === "") break;
    if (name !== undefined) return { name, rest: [...more, ...rest] };
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
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: tsbuild [build] [options] PATH
       tsbuild COMMAND [options]

Builds container images from Dockerfiles: no daemon, no root.

Commands:
${lines.join("\n")}

"tsbuild COMMAND --help" shows the options of a command.
`;
}
