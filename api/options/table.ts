import { DEFAULT_JOBS } from "./steps/step-options.js";
import { LIMIT_OPTIONS } from "./limits/table.js";
import { UNPACKED_LIMIT } from "../../oci/layer/model/unpacked-size.js";
import { cacheTypes } from "./cache-types.js";
import { type CheckedOf, GROUPS, option } from "./option.js";
import { OUTPUT_TYPES } from "./output-types.js";

const OUTPUT_NAMES = OUTPUT_TYPES.map(({ type }) => type);

/**
 * Every option of a build, in the order of the help. An option is declared here once:
 * `BuildOptions`, the check of its type, its default, the flag, the help and docs/options.md follow
 * from its row.
 */
export const BUILD_OPTIONS = {
  /**
   * A directory (default `.`), a Git repository (`https://host/path.git#ref:directory`), the URL of
   * a tar archive or Dockerfile, or one of these two as bytes. A Dockerfile is built without any
   * files.
   */
  context: option("context", { default: ".", checked: true }),
  /**
   * Path of the Dockerfile, its URL, or its text. Default `Dockerfile` in the context. A path is
   * relative to the working directory; for a context that is no directory of this machine, to the
   * context.
   */
  dockerfile: option("dockerfile", {
    checked: true,
    flag: {
      name: "file",
      short: "f",
      value: "<path>",
      text: 'Dockerfile, "-" for the standard input (default: Dockerfile in the context)',
      group: GROUPS.input,
      reads: "apart",
    },
  }),
  /**
   * Graph to build in the place of a Dockerfile, in the form of BuildKit's `pb.Definition`. Only
   * the context, `buildContexts` and what steps may do come from the other options then.
   */
  llb: option("bytes", {
    flag: {
      name: "llb",
      value: "<file>",
      text: "Graph of BuildKit's form to build in the place of a Dockerfile; - for the standard input",
      group: GROUPS.input,
      reads: "apart",
    },
  }),
  /** Stage to build. Default: the last. */
  target: option("text", {
    checked: true,
    flag: { name: "target", value: "<stage>", text: "Stage to build (default: the last)", group: GROUPS.input, reads: "text" },
  }),
  /**
   * Values for ARG; undefined takes the variable from the environment, as `--build-arg NAME` does.
   * The proxies of docker's configuration are added to them; an argument of that name wins, an
   * empty one too.
   */
  buildArgs: option("givenOrInherited", {
    default: {},
    checked: true,
    flag: {
      name: "build-arg",
      notEmpty: true,
      value: "<name[=value]>",
      repeat: true,
      text: "Value for ARG; a name alone takes it from the environment",
      group: GROUPS.input,
      reads: "own",
    },
  }),
  /**
   * Contexts by name: `DIR`, `docker-image://REF`, `oci-layout://DIR[:TAG|@DIGEST]`, a Git
   * repository, or a URL (a file named `context`). Steps may mount the directory of a name
   * `host:NAME` itself, read-only, where `allow` has it.
   */
  buildContexts: option("textMap", {
    default: {},
    checked: true,
    flag: {
      name: "build-context",
      value: "<name=source>",
      repeat: true,
      text: "Named context: a directory, docker-image://REF, oci-layout://DIR, a Git repository or URL",
      group: GROUPS.input,
      reads: "pairs",
      form: "NAME=SOURCE",
    },
  }),
  /** Platforms as `os/arch[/variant]`. Default: the host's. */
  platforms: option("texts", {
    default: [],
    checked: true,
    flag: {
      name: "platform",
      notEmpty: true,
      value: "<os/arch>",
      repeat: true,
      text: "Platform of the result (default: this machine's)",
      group: GROUPS.input,
      reads: "own",
    },
  }),
  /** Labels of the image. */
  labels: option("textMap", {
    default: {},
    flag: {
      name: "label",
      notEmpty: true,
      value: "<key=value>",
      repeat: true,
      text: "Label of the image",
      group: GROUPS.input,
      reads: "labels",
    },
  }),
  /**
   * Annotations by the keys of `--annotation`: `KEY`, or `LEVEL:KEY` with `manifest`, `index`,
   * `manifest-descriptor`, `index-descriptor`, or `manifest[os/arch]`.
   */
  annotations: option("textMap", {
    default: {},
    flag: {
      name: "annotation",
      value: "<key=value>",
      repeat: true,
      text: "OCI annotation; the prefix index: or manifest[os/arch]: says where it goes",
      group: GROUPS.input,
      reads: "pairs",
    },
  }),
  /**
   * True asks the registry for base images even when the local store has the name. The default asks
   * when the store lacks it. `never` takes only images with a name in the store.
   */
  pull: option("pull", {
    default: false,
    checked: true,
    flag: {
      name: "pull",
      modes: ["always", "missing", "newer", "never"],
      text: "When to ask the registry for base images: always or newer, missing (the default: when the store has none), or never",
      group: GROUPS.input,
      reads: "own",
    },
  }),
  /** Outputs of the build. Default: the local image store. */
  outputs: option("outputs", {
    default: [],
    flag: {
      name: "output",
      short: "o",
      value: "<type=…,dest=…>",
      repeat: true,
      text: `${OUTPUT_NAMES.slice(0, -1).join(", ")} or ${OUTPUT_NAMES.at(-1)}; DIR alone is type=local, - a tar on the standard output`,
      group: GROUPS.result,
      reads: "apart",
    },
  }),
  /** Names of the result. */
  tags: option("texts", {
    default: [],
    flag: {
      name: "tag",
      notEmpty: true,
      short: "t",
      value: "<name>",
      repeat: true,
      text: "Name of the result, name:tag",
      group: GROUPS.result,
      reads: "texts",
    },
  }),
  /**
   * Provenance to attach to the image: true for its default form. Default: none, because it names
   * the time of the build, so that the same image would get another digest each time.
   */
  provenance: option("provenance", {
    default: false,
    flag: {
      name: "provenance",
      value: "<true|mode=…>",
      text: "Attach provenance: true, or mode=min|max,version=v0.2|v1,builder-id=URL,…",
      group: GROUPS.result,
      reads: "own",
    },
  }),
  /** List of the packages in the image (SBOM) to attach: true for the scanner that is built in. */
  sbom: option("sbom", {
    default: false,
    flag: {
      name: "sbom",
      value: "<true|generator=…>",
      text: "Attach a list of the packages: true, or generator=IMAGE for a scanner of BuildKit's protocol",
      group: GROUPS.result,
      reads: "own",
    },
  }),
  /**
   * True and `layers` run every step. `mounts` begins with empty cache mounts, and runs the steps
   * that use one. `all` does both.
   */
  noCache: option("noCache", {
    default: false,
    flag: {
      name: "no-cache",
      modes: ["layers", "mounts", "all"],
      text: "Do not use cached steps (layers, the default), the content of cache mounts (mounts), or both (all)",
      group: GROUPS.cache,
      reads: "own",
    },
  }),
  /** Stages that do not use the cache. */
  noCacheFilter: option("texts", {
    default: [],
    flag: {
      name: "no-cache-filter",
      value: "<stage>",
      repeat: true,
      text: "Stages that do not use cached steps",
      group: GROUPS.cache,
      reads: "csv",
    },
  }),
  /**
   * Caches of other machines to take results from, the first that has one. An unreadable one is a
   * warning.
   */
  cacheFrom: option("cacheFrom", {
    default: [],
    flag: {
      name: "cache-from",
      value: "<source>",
      repeat: true,
      text: `Cache to read from: a reference, or type=${cacheTypes("from").join("|")},…`,
      group: GROUPS.cache,
      reads: "own",
    },
  }),
  /** Caches to write the results to, beside the outputs. */
  cacheTo: option("cacheTo", {
    default: [],
    flag: {
      name: "cache-to",
      value: "<dest>",
      repeat: true,
      text: `Cache to write to: a reference, or type=${cacheTypes("to").join("|")},…`,
      group: GROUPS.cache,
      reads: "own",
    },
  }),
  /**
   * True also explains, with `explained` events, the results of steps that were not looked up,
   * because a step that depends on them was found. Default: false; every other step is explained
   * anyway.
   */
  explain: option("flag", {
    default: false,
    flag: { name: "explain", text: "Say for each step why it ran, or what it was cached from", group: GROUPS.cache, reads: "switch" },
  }),
  /**
   * Directory of the store. Default `$TSBUILD_ROOT`, then `$XDG_DATA_HOME/tsbuild`, then
   * `~/.local/share/tsbuild`.
   */
  root: option("text", {
    checked: true,
    flag: {
      name: "root",
      value: "<dir>",
      text: "Store directory (default: $TSBUILD_ROOT, then $XDG_DATA_HOME/tsbuild)",
      group: GROUPS.cache,
      reads: "own",
    },
  }),
  /**
   * Size that the store may take: bytes, a size (`20g`), a share of its file system (`20%`), or
   * `off`. Default `$TSBUILD_CACHE_BUDGET`, then the smaller of 20 % of the file system and 50 GB.
   */
  cacheBudget: option("budget", {
    flag: {
      name: "cache-budget",
      value: "<bytes|%|off>",
      text: "Size limit of the store: 20g, 10% of its file system, off (default: $TSBUILD_CACHE_BUDGET, then the smaller of 20% and 50 GB)",
      group: GROUPS.cache,
      reads: "text",
    },
  }),
  /**
   * Network of RUN steps, and the widest that they may ask for. `default` is a network of their own
   * where pasta or slirp4netns is installed, else the host's; `private` fails where it cannot be
   * had. Default: `default`, for which `$TSBUILD_NETWORK` may say `host` or `private`.
   */
  network: option("network", {
    default: "default",
    flag: {
      name: "network",
      value: "<mode>",
      text: "Network of RUN steps, and the widest that RUN --network may ask for: default, private, none or host",
      group: GROUPS.steps,
      reads: "word",
      words: ["default", "private", "none", "host"],
    },
  }),
  /**
   * Steps reach the web through a recording proxy and nothing else: each request is in the log, in
   * the record and in provenance, with the digest of what it brought. Part of no key. Default
   * false.
   */
  proxyNetwork: option("flag", {
    default: false,
    flag: {
      name: "proxy-network",
      text: "RUN steps reach the web through a proxy that records each request, and nothing else",
      group: GROUPS.steps,
      reads: "switch",
    },
  }),
  /**
   * Hosts as `host:ip`, `host:host-gateway` for this machine; several addresses separated by
   * commas.
   */
  addHosts: option("texts", {
    default: [],
    flag: {
      name: "add-host",
      value: "<host:ip>",
      repeat: true,
      text: "Line for /etc/hosts of RUN steps; host:host-gateway is this machine",
      group: GROUPS.steps,
      reads: "texts",
    },
  }),
  /** Bytes of /dev/shm. */
  shmSize: option("number", {
    flag: {
      name: "shm-size",
      notEmpty: true,
      value: "<bytes>",
      text: "Size of /dev/shm: 64m, 1g",
      group: GROUPS.steps,
      reads: "bytes",
    },
  }),
  /** Limits as `name=soft[:hard]`. */
  ulimits: option("texts", {
    default: [],
    flag: {
      name: "ulimit",
      notEmpty: true,
      value: "<name=soft[:hard]>",
      repeat: true,
      text: "Resource limit of RUN steps",
      group: GROUPS.steps,
      reads: "texts",
    },
  }),
  ...LIMIT_OPTIONS,
  /**
   * Isolation of RUN steps from the machine: `namespaces`, `chroot` (root in a container without
   * user namespaces), `supervised` (any user, no privilege), or the best that works (`auto`). A
   * tier that is asked for and cannot be had fails the build. Default: `$TSBUILD_ISOLATION`, then
   * `auto`.
   */
  isolation: option("isolation", {
    flag: {
      name: "isolation",
      value: "<tier>",
      text: "Isolation of RUN steps: auto, namespaces, chroot or supervised (default: $TSBUILD_ISOLATION, then auto)",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Files of certificates (PEM) of authorities to trust beside the public ones, or directories of
   * such files: by the connections to registries, caches and for ADD, and in RUN steps by the
   * image's own bundles and by variables such as `SSL_CERT_FILE`. Nothing of it is in a layer or a
   * key.
   */
  ca: option("texts", {
    default: [],
    flag: {
      name: "ca",
      value: "<file>",
      repeat: true,
      text: "File of CA certificates to trust, for registries and in RUN steps; the image does not keep it",
      group: GROUPS.steps,
      reads: "texts",
    },
  }),
  /**
   * By id: for `RUN --mount=type=secret`, and for sources (`GIT_AUTH_TOKEN`,
   * `HTTP_AUTH_TOKEN_<host>`).
   */
  secrets: option("secrets", {
    default: {},
    checked: true,
    flag: {
      name: "secret",
      value: "<id=…,src=…>",
      repeat: true,
      text: "Secret for RUN --mount=type=secret and for sources; id=…,env=… takes a variable",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Images by name that run beside RUN steps, which reach them by the name. They start when the
   * first step runs, are waited for, and end with the build; part of no key unless asked.
   */
  services: option("services", {
    default: {},
    flag: {
      name: "service",
      notEmpty: true,
      value: "<name=image>",
      repeat: true,
      text: "Image to run beside RUN steps, which reach it by its name: db=postgres,env.POSTGRES_PASSWORD=x",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * SSH agents by id (`default`), for `RUN --mount=type=ssh`. Repositories over SSH that the
   * Dockerfile or another repository names are read with the keys of `default`, and without it with
   * none; a context is read with any keys that ssh finds.
   */
  ssh: option("ssh", {
    default: {},
    flag: {
      name: "ssh",
      value: "<id[=socket|key]>",
      repeat: true,
      text: "SSH agent or keys for RUN --mount=type=ssh and Git over SSH; default alone is the agent of $SSH_AUTH_SOCK",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Rights that the Dockerfile and its base images may ask for: `network.host` (RUN --network=host
   * although `network` is narrower), `security.insecure` (RUN --security=insecure), `fs.read=DIR`
   * (a directory of a context `host:NAME`, itself and no copy), `device` (RUN --device) and
   * `device=NAME`. Default: none. A step that asks for more fails the build before anything runs.
   */
  allow: option("allow", {
    default: [],
    flag: {
      name: "allow",
      value: "<entitlement>",
      repeat: true,
      text: "Right that the Dockerfile may ask for: network.host, security.insecure, device or fs.read=DIR",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Bytes that one layer of a base image, or one archive of ADD, may unpack to. More fails with
   * `layer/too-large`. Default: 64 GiB.
   */
  maxUnpackedSize: option("number", {
    default: UNPACKED_LIMIT,
    flag: {
      name: "max-unpacked-size",
      value: "<bytes>",
      text: "Largest size that a layer of a base image, or an archive of ADD, may unpack to (default: 64g)",
      group: GROUPS.steps,
      reads: "bytes",
    },
  }),
  /**
   * RUN steps that run at once. Default: 64, because steps wait for networks and disks more than
   * they compute: as in BuildKit, the cores of the machine are no limit. `auto`: as many of them as
   * fit into the free memory, by what each took in earlier builds.
   */
  jobs: option("jobs", {
    default: DEFAULT_JOBS,
    flag: {
      name: "jobs",
      value: "<n>",
      text: "Number of RUN steps at once (default: 64); auto: as many as fit into the free memory",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Addresses of BuildKits that solve the graph in the place of this machine:
   * `[PLATFORM=]ADDRESS[,NAME=VALUE…][,ADDRESS…]`. An address behind a comma is tried when the one
   * before it cannot be reached.
   */
  builders: option("texts", {
    default: [],
    flag: {
      name: "builder",
      value: "<[platform=]address>",
      repeat: true,
      text: "BuildKit that runs the build: docker://, unix://, tcp://, ssh:// … (default: $TSBUILD_BUILDER, $BUILDKIT_HOST)",
      group: GROUPS.steps,
      reads: "own",
    },
  }),
  /**
   * Limits of the history of builds, in builds, milliseconds and bytes of logs. False does not
   * record this build.
   */
  history: option("history"),
  /**
   * True collects when the store is over its budget, once the result is complete. False only
   * reports it in the result. Default: true.
   */
  collect: option("flag", { default: true }),
  signal: option("signal"),
  /** Called with every event, in order, synchronously. An error of it fails the build. */
  onEvent: option("eventSink"),
  /**
   * Called with a record of each decision of the solver, synchronously. Nothing is recorded without
   * it.
   */
  onTrace: option("traceSink"),
} as const;

/** Names of the options that a check takes too, because they select the Dockerfile. */
export type CheckedOption = CheckedOf<typeof BUILD_OPTIONS>;
