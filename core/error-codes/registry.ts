import type { ErrorEntry } from "./entry.js";

export const REGISTRY_ERRORS = {
  "registry/certificate-invalid": {
    title: "A certificate file that cannot be used",
    cause: "A file of /etc/docker/certs.d is malformed, or misses its key.",
    wayOut: "Correct the file.",
  },
  "registry/config-invalid": {
    title: "A configuration that cannot be read",
    cause: "docker's config.json is malformed.",
    wayOut: "Correct it, or log in again.",
  },
  "registry/config-not-written": {
    title: "Credentials that cannot be kept",
    cause: "docker's config.json cannot be written, or there is no home for it.",
    wayOut: "Set DOCKER_CONFIG to a directory that can be written.",
  },
  "registry/denied": {
    title: "An account that may not do this",
    cause: "The registry knows the account, and refuses.",
    wayOut: "Log in with an account that may do this: `tsbuild login HOST`.",
  },
  "registry/digest-mismatch": {
    title: "Bytes with another digest",
    cause: "The registry sent something else than was asked for.",
    wayOut: "Try again; a proxy or mirror in between may be the reason.",
  },
  "registry/helper-failed": {
    title: "A credential helper that failed",
    cause: "The program that docker's config.json names ended with an error.",
    wayOut: "Run it by hand: `docker-credential-NAME get`.",
  },
  "registry/login-refused": {
    title: "A login that was refused",
    cause: "The registry does not accept the user name and password.",
    wayOut: "Check them; many registries want a token in the place of the password.",
  },
  "registry/no-credentials": {
    title: "No credentials",
    cause: "No user name was given, and none is kept for this registry.",
    wayOut: "`tsbuild login HOST`.",
  },
  "registry/not-found": {
    title: "A name that the registry does not have",
    cause: "There is no such repository, tag or digest, or it is private.",
    wayOut: "Check the name and the tag; log in for private repositories.",
  },
  "registry/protocol": {
    title: "A registry that breaks the protocol",
    cause: "The answer is not what the Distribution API says.",
    wayOut: "Check that the address is a registry's.",
  },
  "registry/rate-limited": {
    title: "Too many requests",
    cause: "The registry allows no more at the moment.",
    wayOut: "Wait, or log in for a higher limit.",
  },
  "registry/refused": {
    title: "A request that was refused",
    cause: "The registry answered with an error that has no meaning of its own here.",
    wayOut: "See its text.",
  },
  "registry/server-error": {
    title: "A registry that fails",
    cause: "The registry answered with an error of its own, after all attempts.",
    wayOut: "Try again later.",
  },
  "registry/size-mismatch": {
    title: "Bytes of another length",
    cause: "The registry sent fewer or more bytes than the manifest says.",
    wayOut: "Try again; a proxy or mirror in between may be the reason.",
  },
  "registry/stale": {
    title: "A warning: the registry could not be asked",
    cause: "The name leads where it led when the registry was last asked.",
    wayOut: "Build again when the registry can be reached.",
  },
  "registry/tls": {
    title: "A certificate that is not trusted",
    cause: "The registry's certificate cannot be verified.",
    wayOut: "Add the authority under /etc/docker/certs.d/HOST, or with NODE_EXTRA_CA_CERTS.",
  },
  "registry/unauthorized": {
    title: "A login is needed",
    cause: "The registry wants credentials, or does not accept those that are kept.",
    wayOut: "`tsbuild login HOST`.",
  },
  "registry/unreachable": {
    title: "A registry that cannot be reached",
    cause: "No connection could be made, after all attempts.",
    wayOut: "See the reason; proxies are taken from HTTP_PROXY and HTTPS_PROXY.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
