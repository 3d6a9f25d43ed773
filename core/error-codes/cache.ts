import type { ErrorEntry } from "./entry.js";

export const CACHE_ERRORS = {
  "cache/blob-corrupt": {
    title: "A layer of a cache with wrong bytes",
    cause: "The bytes have another digest than the cache says.",
    wayOut: "Write the cache again.",
  },
  "cache/denied": {
    title: "A cache service that refuses",
    cause: "A cache service did not accept the credentials, or they do not allow this.",
    wayOut:
      "For S3 the answer names the reason: `SignatureDoesNotMatch` is a wrong secret key (or a clock that is wrong by more than 15 minutes), `AccessDenied` a policy.",
  },
  "cache/export-failed": {
    title: "A warning: a cache that was not written",
    cause: "The build itself went well. `ignore-error=true` in `--cache-to` turns the error into a warning.",
    wayOut: "The message has the reason.",
  },
  "cache/import-failed": {
    title: "A warning: a cache that was not read",
    cause: "A `--cache-from` could not be read.",
    wayOut: "The build goes on without it; the message has the reason.",
  },
  "cache/layer-lost": {
    title: "A warning: a layer that a cache lost",
    cause: "A cache promised a layer that it does not have any more.",
    wayOut:
      "The store forgets every result that depends on this place, and the steps run. A cache that is being written leaves out the layers that only this place had.",
  },
  "cache/mount-not-restored": {
    title: "A warning: a cache mount that was not filled",
    cause: "A cache has content for a cache mount (`mounts=`), but it could not be fetched.",
    wayOut: "The mount begins empty.",
  },
  "cache/no-credentials": {
    title: "No credentials for a cache",
    cause: "Neither attributes nor the environment have them, or the token cannot be read.",
    wayOut: "The hint says where they are looked for.",
  },
  "cache/not-found": {
    title: "A part of a cache that is not there",
    cause: "The cache, or a layer of it, does not exist any more.",
    wayOut: "Write the cache again.",
  },
  "cache/protocol": {
    title: "A cache service that breaks the protocol",
    cause: "The answer is not what the service's API says.",
    wayOut: "Check the address.",
  },
  "cache/refused": {
    title: "A request that a cache service refused",
    cause: "The service answered with an error after all retries.",
    wayOut: "See its text.",
  },
  "cache/timeout": {
    title: "A cache that took too long",
    cause: "The time that `timeout` gives is over.",
    wayOut: "Give it more, or go on without it: `ignore-error=true`.",
  },
  "cache/too-large": {
    title: "A cache that is too large",
    cause: "The config, an entry or a layer is larger than tsbuild or the service takes.",
    wayOut: "Make smaller layers, or use type=registry.",
  },
  "cache/unreachable": {
    title: "A cache service that cannot be reached",
    cause: "No connection could be made, after all attempts.",
    wayOut: "See the reason; proxies are taken from HTTP_PROXY and HTTPS_PROXY.",
  },
  "cache/unreadable": {
    title: "A cache that cannot be read",
    cause: "Reading its files failed.",
    wayOut: "See the reason.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
