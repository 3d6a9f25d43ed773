import type { ErrorEntry } from "./entry.js";

export const SOURCE_ERRORS = {
  "source/changed": {
    title: "A download that changed during the build",
    cause: "A source had one content when its key was made, and another when it was used.",
    wayOut: "Build again.",
  },
  "source/checksum-mismatch": {
    title: "A download with another checksum",
    cause: "The content is not what --checksum says.",
    wayOut: "Look at who changed it before you change the checksum.",
  },
  "source/general-token": {
    title: "A warning: a token for every host",
    cause: "The secret without a host in its name is sent to a host that the Dockerfile names.",
    wayOut: "Name the secret for its host: `HTTP_AUTH_TOKEN_<host>`, `GIT_AUTH_TOKEN.<host>`.",
  },
  "source/git-checksum-mismatch": {
    title: "A repository at another commit",
    cause: "The ref leads to a commit other than --checksum says.",
    wayOut: "Look at who moved it before you change the checksum.",
  },
  "source/git-failed": {
    title: "Git failed",
    cause: "The git command ended with an error, which the message repeats.",
    wayOut:
      "Over SSH, a repository that a Dockerfile names, and every submodule, is read without the user's keys and agent. `--ssh default` gives an agent, `--ssh default=PATH` a key. A repository on the command line, as context or in `--build-context`, is read with whatever ssh finds for the user.",
  },
  "source/git-missing": {
    title: "git is not installed",
    cause: "Repositories are read with the git command.",
    wayOut: "Install git.",
  },
  "source/git-ref-not-found": {
    title: "A ref that does not exist",
    cause: "The repository has no such branch, tag or commit.",
    wayOut: "Correct the text behind the `#`.",
  },
  "source/git-subdir-not-found": {
    title: "A directory that the repository does not have",
    cause: "The path behind the ref is not there, or is no directory.",
    wayOut: "Correct the text behind the colon.",
  },
  "source/http-status": {
    title: "A download that was refused",
    cause: "The server answered with an error.",
    wayOut: "See the status; a secret `HTTP_AUTH_TOKEN_<host>` is sent along.",
  },
  "source/invalid-url": {
    title: "A malformed URL",
    cause: "The text cannot be read as a URL.",
    wayOut: "Correct it.",
  },
  "source/protocol": {
    title: "A server that breaks the protocol",
    cause: "The answer is cut off, or not what HTTP allows.",
    wayOut: "Try again; a proxy in between may be the reason.",
  },
  "source/tls": {
    title: "A certificate that is not trusted",
    cause: "The server's certificate cannot be verified.",
    wayOut: "Add the authority with NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.",
  },
  "source/too-large": {
    title: "A download that is too large",
    cause: "The content has more bytes than tsbuild takes.",
    wayOut: "Fetch it in a RUN step.",
  },
  "source/unreachable": {
    title: "A server that cannot be reached",
    cause: "No connection could be made, after all attempts.",
    wayOut: "See the reason; proxies are taken from HTTP_PROXY and HTTPS_PROXY.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
