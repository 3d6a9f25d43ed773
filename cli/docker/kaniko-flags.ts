import { type ForeignFlag, idle, same, reported } from "./foreign-flags.js";

const own = (name: string, text: string, more: Partial<ForeignFlag> = {}): ForeignFlag => ({ name, value: "<value>", text, ...more });

const TRUST = "certificates of registries stand in docker's certs.d: /etc/docker/certs.d/HOST/ca.crt, client.cert, client.key";
const MIRRORS =
  "mirrors are not configured here: name the mirror in FROM, or give --build-context NAME=docker-image://MIRROR/NAME to tsbuild build";

/** Every flag of kaniko's executor, 1.24. */
export const KANIKO_FLAGS: readonly ForeignFlag[] = [
  ...same("build-arg label target"),
  own("dockerfile", "Dockerfile, in the working directory or the context", { short: "f" }),
  own("context", "dir://, tar://, git:// or https://, or a directory (default: /workspace)", { short: "c" }),
  own("context-sub-path", "Directory in the context"),
  own("destination", "Name of the image, which is pushed", { short: "d", repeat: true }),
  { name: "no-push", text: "Do not push" },
  own("tar-path", "Write a docker archive, too"),
  own("tarPath", "Old name of --tar-path"),
  own("oci-layout-path", "Write an OCI layout into this directory, too"),
  own("digest-file", "Write the digest to a file"),
  own("image-name-with-digest-file", "File for NAME@DIGEST", { hidden: true }),
  own("image-name-tag-with-digest-file", "File for NAME:TAG@DIGEST", { hidden: true }),
  own("custom-platform", "Platform of the image", { as: "platform" }),
  own("customPlatform", "Old name of --custom-platform"),
  { name: "cache", text: "Read and write the cache of --cache-repo" },
  own("cache-repo", "Repository of the cache, or oci:DIR (default: DESTINATION/cache)"),
  { name: "no-push-cache", text: "Only read the cache" },
  { name: "reproducible", text: "Set all times to 1970, as SOURCE_DATE_EPOCH=0 does" },
  own("compression", "gzip or zstd"),
  own("compression-level", "Level of the compression"),
  { name: "insecure", text: "Push over plain HTTP" },
  { name: "skip-tls-verify", text: "Push without checking certificates" },
  own("git", "Branch of a context in Git: branch=NAME"),
  own("verbosity", "Level of messages", { short: "v" }),
  { name: "single-snapshot", text: "One layer", reported: "layers are not squashed; a last stage that copies from another has few" },
  { name: "insecure-pull", text: "Pull over plain HTTP", reported: "only loopback registries are read over plain HTTP" },
  { name: "skip-tls-verify-pull", text: "Pull without checking certificates", reported: TRUST },
  ...reported(TRUST, "insecure-registry", "skip-tls-verify-registry", "registry-certificate", "registry-client-cert"),
  ...reported(MIRRORS, "registry-mirror", "registry-map"),
  ...reported("cached results do not end with an age: tsbuild prune --until 336h removes old ones", "cache-ttl"),
  ...reported("the store of tsbuild keeps base images: --root, or TSBUILD_ROOT", "cache-dir"),
  ...reported("steps see files of their own, so nothing of this machine is in a layer", "ignore-path"),
  ...reported("requests are repeated as long as it helps", "push-retry", "image-fs-extract-retry", "image-download-retry"),
  // Layers are what a step changed, by content: every mode gives the same.
  own("snapshot-mode", "Accepted; changes nothing"),
  own("snapshotMode", "Accepted; changes nothing"),
  own("kaniko-dir", "Accepted; changes nothing"),
  own("log-format", "Accepted; changes nothing"),
  ...idle(
    "log-timestamp",
    "force",
    "cleanup",
    "pre-cleanup",
    "use-new-run",
    "compressed-caching",
    "cache-copy-layers",
    "cache-run-layers",
    "ignore-var-run",
    "whitelist-var-run",
    "skip-unused-stages",
    "skip-default-registry-fallback",
    "skip-push-permission-check",
    "initial-fs-unpacked",
  ),
  { name: "force-build-metadata", text: "Layers for metadata", reported: "instructions without files make no layers" },
  {
    name: "push-ignore-immutable-tag-errors",
    text: "Pass over a tag that may not change",
    reported: "a push that a registry refuses fails; ask first with tsbuild pull",
  },
  own("bucket", "Bucket with the context", {
    short: "b",
    refused: "fetch the archive first: gsutil cp gs://… - | tsbuild kaniko --context tar://stdin",
  }),
];
