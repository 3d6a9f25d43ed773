import { HIDDEN_FLAGS } from "./docker-flags.js";
import { type CommandSyntax, type Flag, ROOT_FLAG } from "./flags.js";

const INPUT = "What to build:";
const RESULT = "Where the result goes:";
const CACHE = "Cache:";
const STEPS = "How steps run:";
const OUTPUT = "What is shown and written down:";

/**
 * Every flag of `tsbuild build`: docker buildx's names and meaning, plus --jobs, --root and
 * --explain.
 */
export const BUILD_FLAGS: readonly Flag[] = [
  {
    name: "file",
    short: "f",
    value: "<path>",
    text: 'Dockerfile, "-" for the standard input (default: Dockerfile in the context)',
    group: INPUT,
  },
  { name: "target", value: "<stage>", text: "Stage to build (default: the last)", group: INPUT },
  {
    name: "build-arg",
    notEmpty: true,
    value: "<name[=value]>",
    repeat: true,
    text: "Value for ARG; without = taken from the environment",
    group: INPUT,
  },
  {
    name: "build-context",
    value: "<name=source>",
    repeat: true,
    text: "Named context: a directory, docker-image://REF, oci-layout://DIR, a Git repository or URL",
    group: INPUT,
  },
  {
    name: "platform",
    notEmpty: true,
    value: "<os/arch>",
    repeat: true,
    text: "Platform of the result (default: this machine's)",
    group: INPUT,
  },
  { name: "label", notEmpty: true, value: "<key=value>", repeat: true, text: "Label of the image", group: INPUT },
  {
    name: "annotation",
    value: "<key=value>",
    repeat: true,
    text: "OCI annotation; index: or manifest[os/arch]: before the key says where",
    group: INPUT,
  },
  {
    name: "pull",
    modes: ["always", "missing", "newer", "never"],
    text: "Ask the registry for base images even when the store has them (always, newer), when it has not (missing, the default), or never",
    group: INPUT,
  },
  {
    name: "output",
    short: "o",
    value: "<type=…,dest=…>",
    repeat: true,
    text: "oci, docker, local, tar, registry, image or cacheonly; DIR and - for short",
    group: RESULT,
  },
  { name: "tag", notEmpty: true, short: "t", value: "<name>", repeat: true, text: "Name of the result, name:tag", group: RESULT },
  { name: "push", text: "Short for --output=type=registry", group: RESULT },
  { name: "load", text: "Put the result into the local image store (the default without -o)", group: RESULT },
  {
    name: "no-cache",
    modes: ["layers", "mounts", "all"],
    text: "Run every step (layers); begin with empty cache mounts and run the steps that use them (mounts); both (all)",
    group: CACHE,
  },
  { name: "no-cache-filter", value: "<stage>", repeat: true, text: "Stages whose steps all run", group: CACHE },
  {
    name: "cache-from",
    value: "<source>",
    repeat: true,
    text: "Cache to read from: a reference, or type=registry|local|gha|s3,…",
    group: CACHE,
  },
  {
    name: "cache-to",
    value: "<dest>",
    repeat: true,
    text: "Cache to write to: a reference, or type=registry|local|inline|gha|s3,…",
    group: CACHE,
  },
  { name: "explain", text: "Say for each step why it ran, or what it was cached from", group: CACHE },
  { ...ROOT_FLAG, group: CACHE },
  {
    name: "cache-budget",
    value: "<bytes|%|off>",
    text: "What the store may take: 20g, 10% of its file system (default: $TSBUILD_CACHE_BUDGET, then the smaller of 20% and 50 GB)",
    group: CACHE,
  },
  { name: "network", value: "<mode>", text: "Network of RUN steps, and the most they may ask for: default, none or host", group: STEPS },
  {
    name: "add-host",
    value: "<host:ip>",
    repeat: true,
    text: "Line for /etc/hosts of RUN steps; host:host-gateway is this machine",
    group: STEPS,
  },
  { name: "shm-size", notEmpty: true, value: "<bytes>", text: "Size of /dev/shm: 64m, 1g", group: STEPS },
  { name: "ulimit", notEmpty: true, value: "<name=soft[:hard]>", repeat: true, text: "Resource limit of RUN steps", group: STEPS },
  {
    name: "secret",
    value: "<id=…,src=…>",
    repeat: true,
    text: "Secret for RUN --mount=type=secret and for sources: id=…,env=… too",
    group: STEPS,
  },
  {
    name: "ssh",
    value: "<id[=socket|key]>",
    repeat: true,
    text: "SSH agent or keys for RUN --mount=type=ssh, and for Git over SSH (default)",
    group: STEPS,
  },
  {
    name: "allow",
    value: "<entitlement>",
    repeat: true,
    text: "What the Dockerfile may ask for: network.host, security.insecure",
    group: STEPS,
  },
  {
    name: "max-unpacked-size",
    value: "<bytes>",
    text: "What a layer of a base image, or an archive that ADD unpacks, may unpack to (default: 64g)",
    group: STEPS,
  },
  { name: "jobs", value: "<n>", text: "RUN steps that run at once (default: 64)", group: STEPS },
  {
    name: "progress",
    value: "<form>",
    choices: ["auto", "tty", "plain", "rawjson", "quiet", "none"],
    text: "How progress is shown on the standard error (default: $BUILDKIT_PROGRESS, then auto)",
    group: OUTPUT,
  },
  { name: "quiet", short: "q", text: "Show no progress; print the image id", group: OUTPUT },
  { name: "iidfile", value: "<file>", text: "Write the image id to a file", group: OUTPUT },
  { name: "metadata-file", value: "<file>", text: "Write what is known of the result to a JSON file", group: OUTPUT },
  { name: "check", text: "Check the Dockerfile instead of building: short for --call=check", group: OUTPUT },
  { name: "call", value: "<method>", text: "build, check, outline or targets; format=text|json|sarif behind a comma", group: OUTPUT },
  { name: "attest", value: "<type=…>", repeat: true, text: "Attestation to attach (not yet)", group: RESULT },
  { name: "provenance", value: "<mode>", text: "Short for --attest=type=provenance (not yet)", group: RESULT },
  { name: "sbom", value: "<mode>", text: "Short for --attest=type=sbom (not yet)", group: RESULT },
  ...HIDDEN_FLAGS,
];

export const BUILD_SYNTAX: CommandSyntax = {
  name: "build",
  summary: "Build an image from a Dockerfile",
  operands: "PATH | URL | -",
  count: [1, 1],
  flags: BUILD_FLAGS,
  after:
    'PATH is the context directory, URL a Git repository or a tar archive; "-" reads an archive or a Dockerfile from the standard input.\nExample: tsbuild -t app -o type=oci,dest=app.tar .',
};
