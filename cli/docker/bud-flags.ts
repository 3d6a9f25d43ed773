import { TIERS } from "../../api/options/isolation.js";
import { type ForeignFlag, idle, refused, same, reported } from "./foreign-flags.js";

const GROUPS = "the groups of steps are made below that of tsbuild, whose limits hold for them too";
const SANDBOX = "every step has namespaces and a sandbox of its own";
const TRUST = "certificates of registries stand in docker's certs.d: /etc/docker/certs.d/HOST/ca.crt";
const ACCOUNT = "tsbuild login keeps credentials, and DOCKER_CONFIG names a directory with others";
const WRITE_IT = "write it into the Containerfile";
const BINDS = "RUN --mount=type=bind takes files of the context or of a --build-context";
const SBOM = "make one of the result with a scanner: tsbuild save IMAGE | …";

const own = (name: string, text: string, more: Partial<ForeignFlag> = {}): ForeignFlag => ({ name, value: "<value>", text, ...more });

/** Every flag of `buildah build` and `podman build`, to Buildah 1.45. */
export const BUD_FLAGS: readonly ForeignFlag[] = [
  ...same("add-host annotation build-arg iidfile jobs label metadata-file secret shm-size ssh target ulimit"),
  ...same("memory-swap cpu-period cpu-quota cpuset-cpus cpuset-mems"),
  own("platform", "Same as --platform of tsbuild build", { repeat: true }),
  own("output", "type=local or tar, with dest", { short: "o", repeat: true, as: "output" }),
  own("tag", "Name of the image", { short: "t", repeat: true, as: "tag" }),
  own("manifest", "Name of the image, as --tag", { as: "tag" }),
  { name: "no-cache", text: "Do not use cached steps", as: "no-cache" },
  { name: "quiet", short: "q", text: "Show no progress", as: "quiet" },
  {
    name: "pull",
    modes: ["true", "always", "missing", "ifmissing", "never", "newer", "ifnewer"],
    text: "When to ask the registry for base images",
  },
  { name: "pull-always", text: "Same as --pull=always" },
  { name: "pull-never", text: "Same as --pull=never" },
  own("file", "Containerfile (default: Containerfile, then Dockerfile in the context)", { short: "f", repeat: true }),
  own("build-arg-file", "File of NAME=VALUE lines", { repeat: true }),
  own("build-context", "Named context", { repeat: true }),
  own("network", "private, none or host"),
  own("net", "Old name of --network"),
  own("iidfile-raw", "File for the id of the image, without sha256:"),
  own("raw-iidfile", "Other name of --iidfile-raw"),
  own("override-arch", "Old name of --arch"),
  own("override-os", "Old name of --os"),
  own("arch", "Processor of the image"),
  own("os", "System of the image"),
  own("variant", "Variant of the processor"),
  own("cache-from", "Repository with a cache", { repeat: true }),
  own("cache-to", "Repository for a cache", { repeat: true }),
  own("format", "oci or docker"),
  own("timestamp", "Seconds since the epoch, as SOURCE_DATE_EPOCH"),
  own("source-date-epoch", "Seconds since the epoch, as SOURCE_DATE_EPOCH"),
  own("isolation", "oci, rootless or chroot"),
  { name: "http-proxy", text: "Give steps the proxies of the environment (default)" },
  { name: "squash", text: "One layer", reported: "layers are not squashed; a last stage that copies from another has few" },
  { name: "squash-all", text: "One layer", reported: "layers are not squashed; a last stage that copies from another has few" },
  {
    name: "disable-compression",
    short: "D",
    text: "Layers without compression",
    reported: "tsbuild save and -o …,compression=uncompressed choose it",
  },
  own("memory", "Memory of each step", { short: "m", as: "memory" }),
  own("cpu-shares", "Weight of each step", { short: "c", as: "cpu-shares" }),
  ...reported(GROUPS, "cgroup-parent"),
  ...reported(SANDBOX, "cap-drop", "security-opt", "cgroupns", "ipc", "pid", "userns", "uts"),
  ...reported(SANDBOX, "userns-gid-map", "userns-gid-map-group", "userns-uid-map", "userns-uid-map-user"),
  ...reported("there is no runtime to choose", "runtime", "runtime-flag", "hooks-dir"),
  ...reported("steps have the names and servers of this machine", "dns", "dns-option", "dns-search"),
  { name: "no-hosts", text: "No /etc/hosts", reported: "steps have an /etc/hosts that is in no layer" },
  { name: "no-hostname", text: "No /etc/hostname", reported: "steps have an /etc/hostname that is in no layer" },
  { name: "no-pivot", text: "No pivot_root", reported: SANDBOX },
  ...reported(TRUST, "cert-dir"),
  { name: "tls-verify", text: "Check certificates (default)", off: { reported: TRUST } },
  {
    name: "inherit-labels",
    text: "Keep the labels of the base image (default)",
    off: { refused: "write LABEL NAME= for each that shall be empty" },
  },
  { name: "skip-unused-stages", text: "Build what the target needs (default)", off: { reported: "--target STAGE builds another stage" } },
  ...reported("outputs choose it: -o type=registry,compression=zstd,compression-level=3", "compression-format", "compression-level"),
  { name: "force-compression", text: "Compress again", reported: "outputs choose it: -o type=registry,force-compression=true" },
  ...reported("base images come as the registry has them, by digest", "signature-policy"),
  ...reported("the store of tsbuild keeps layers: --root, or TSBUILD_ROOT", "blob-cache"),
  ...reported("steps have no devices of the machine", "cdi-config-dir"),
  { name: "log-rusage", text: "Time of each step", reported: "the progress shows the time of each step" },
  ...reported("the progress shows the time of each step", "rusage-logfile"),
  ...reported(ACCOUNT, "authfile"),
  ...refused(ACCOUNT, "creds"),
  ...reported("cached results do not end with an age: tsbuild prune --until removes old ones", "cache-ttl"),
  ...reported("standard error has the log: 2> FILE", "logfile"),
  ...reported("requests are repeated as long as it helps", "retry", "retry-delay"),
  { name: "omit-history", text: "No history", reported: "the history says how the image was made" },
  { name: "compat-volumes", text: "Old meaning of VOLUME", reported: "what RUN writes below a VOLUME stays" },
  { name: "save-stages", text: "Keep stages", reported: "every step is cached; --target STAGE builds one" },
  { name: "stage-labels", text: "Label stages", reported: "stages are no images" },
  { name: "created-annotation", text: "Annotation with the time", reported: "--annotation sets any" },
  ...reported("TSBUILD_DEBUG=1 says more", "log-level", "loglevel"),
  ...idle("rm", "force-rm", "layers", "compress", "disable-content-trust", "identity-label", "logsplit"),
  ...idle("inherit-annotations", "rewrite-timestamp"),
  ...refused(WRITE_IT, "env", "unsetenv", "unsetlabel", "unsetannotation", "layer-label", "os-feature", "os-version"),
  ...refused("--build-context NAME=docker-image://OTHER replaces the image that FROM names", "from"),
  ...refused("name the file CONTAINERFILE.dockerignore, beside it", "ignorefile"),
  ...refused("cpp -E -P Containerfile.in > Containerfile, first", "cpp-flag"),
  ...refused(BINDS, "mount", "transient-mount"),
  own("volume", "Directory of the machine in steps", { short: "v", repeat: true, refused: BINDS }),
  ...refused("RUN --security=insecure with --allow security.insecure on tsbuild build gives all of them", "cap-add", "device"),
  ...refused("USER names the groups", "group-add"),
  { name: "stdin", text: "Standard input of steps", refused: "RUN --mount=type=secret gives steps what they read" },
  { name: "all-platforms", text: "All platforms of the base", refused: "name them: --platform linux/amd64,linux/arm64" },
  ...refused("sign what was pushed: cosign sign NAME@DIGEST", "sign-by"),
  ...refused("decrypt the base image first: skopeo copy --decryption-key", "decryption-key"),
  ...refused("there are no images for confidential machines", "cw"),
  ...refused("--build-context NAME=… replaces what a policy would convert", "source-policy-file"),
  ...refused(SBOM, "sbom", "sbom-scanner-image", "sbom-scanner-command", "sbom-merge-strategy"),
  ...refused(SBOM, "sbom-output", "sbom-image-output", "sbom-purl-output", "sbom-image-purl-output"),
];

/** Values of buildah's `--isolation` that have a tier here. */
export const ISOLATIONS: Readonly<Record<string, string>> = {
  oci: "auto",
  rootless: "auto",
  ...Object.fromEntries(TIERS.map((tier) => [tier, tier])),
};
