/**
 * Commands of docker, podman and buildx that are missing here, each with its substitute; undefined
 * where there is none.
 */
const UNSUPPORTED: Readonly<Record<string, string | undefined>> = {
  create: "docker, podman or ctr run images",
  exec: "docker, podman or ctr run images",
  ps: "tsbuild has no containers: steps end with their build. tsbuild builds lists builds",
  container: "tsbuild has no containers: docker, podman or ctr run images",
  start: "tsbuild has no containers",
  restart: "tsbuild has no containers",
  pause: "tsbuild has no containers",
  unpause: "tsbuild has no containers",
  rename: "tsbuild has no containers: tsbuild tag gives an image another name",
  update: "tsbuild has no containers",
  wait: "tsbuild has no containers",
  attach: "tsbuild has no containers: the progress shows what steps print, tsbuild logs shows it later",
  port: "tsbuild has no containers",
  stats: "tsbuild has no containers",
  top: "tsbuild has no containers",
  cp: "tsbuild -o type=local,dest=DIR . writes the files of a result",
  checkpoint: undefined,
  events: "--progress rawjson writes what happens in a build as JSON",
  stop: "tsbuild has no containers; a build ends with ctrl-c",
  kill: "tsbuild has no containers; a build ends with ctrl-c",
  rm: "tsbuild rmi removes images, tsbuild builds rm builds of the past",
  commit: "write a Dockerfile: it says what an image holds",
  compose: "tsbuild compose build builds the images of the services; docker compose or podman runs them",
  export: "tsbuild -o type=tar,dest=FILE . writes the files of a result",
  manifest: "tsbuild manifest create, annotate, inspect, push and rm are docker's",
  imagetools: "tsbuild imagetools create and inspect are buildx's",
  search: undefined,
  info: "tsbuild doctor says what this machine has",
  system: "tsbuild system df and system prune are docker's, tsbuild doctor says what this machine has",
  buildx: "tsbuild build, bake, du and prune are buildx's; there are no builders to create or choose",
  builder: "tsbuild build, du and prune are the builder's; there are no builders to create or choose",
  image: "tsbuild images, tag, rmi, inspect, history, save, load, pull, push, import and image prune are docker's image commands",
  context: "there is no daemon to choose",
  volume: "cache mounts (RUN --mount=type=cache) are kept between builds: tsbuild du lists them",
  network: "--network none, host, private or default says what steps reach",
  config: "--secret gives steps what they must not keep",
  secret: "--secret gives steps what they must not keep",
  init: undefined,
  desktop: undefined,
  scan: undefined,
  node: undefined,
  plugin: undefined,
  trust: undefined,
  scout: undefined,
  sbom: undefined,
  swarm: undefined,
  stack: undefined,
  service: undefined,
};

/** Subcommands of `buildx` or `builder`. */
const OF_BUILDERS: Readonly<Record<string, string | undefined>> = {
  imagetools: UNSUPPORTED["imagetools"],
  history: "tsbuild builds, logs and explain show builds of the past",
  ls: "tsbuild builds by itself: there are no builders to list. tsbuild doctor says what this machine has",
  inspect: "tsbuild builds by itself: there are no builders to look at. tsbuild doctor says what this machine has",
  debug: UNSUPPORTED["debug"],
  dap: undefined,
};

/**
 * Returns docker's command that `argv` begins with although it is missing here, and its substitute.
 */
export function dockerCommand(argv: readonly string[]): { readonly command: string; readonly hint: string | undefined } | undefined {
  const [first = "", second = ""] = argv;
  if (!Object.hasOwn(UNSUPPORTED, first)) return undefined;
  if ((first === "buildx" || first === "builder") && second !== "" && !second.startsWith("-")) {
    const third = (second === "history" || second === "imagetools") && argv[2] !== undefined ? ` ${argv[2]}` : "";
    return { command: `${first} ${second}${third}`, hint: Object.hasOwn(OF_BUILDERS, second) ? OF_BUILDERS[second] : UNSUPPORTED[first] };
  }
  const grouped =
    first === "image" ||
    first === "system" ||
    first === "manifest" ||
    first === "imagetools" ||
    first === "container" ||
    first === "compose";
  return { command: grouped && /^[a-z]+$/.test(second) ? `${first} ${second}` : first, hint: UNSUPPORTED[first] };
}
