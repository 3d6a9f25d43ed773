import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";

const TIME = "2021-03-04T05:06:07Z";

/** Runs git in a repository of a test, as an author of fixed name and time. Returns its output. */
export function git(directory: string, ...args: readonly string[]): string {
  const env = {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Author",
    GIT_AUTHOR_EMAIL: "author@example.com",
    GIT_COMMITTER_NAME: "Author",
    GIT_COMMITTER_EMAIL: "author@example.com",
    GIT_AUTHOR_DATE: TIME,
    GIT_COMMITTER_DATE: TIME,
  };
  return execFileSync("git", ["-c", "protocol.file.allow=always", ...args], {
    cwd: directory,
    env,
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}

/** A file's text; `->` makes a symlink, `#!` a program. */
export type RepositoryFiles = Readonly<Record<string, string>>;

/** Makes a new repository with one commit of these files on `main`. */
export function makeRepository(directory: string, files: RepositoryFiles, format: "sha1" | "sha256" = "sha1"): string {
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--initial-branch=main", `--object-format=${format}`);
  return commitFiles(directory, files, "first");
}

/** Commits files over what is there; the commit's id. */
export function commitFiles(directory: string, files: RepositoryFiles, message: string): string {
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    if (content.startsWith("->")) symlinkSync(content.slice(2), target);
    else writeFileSync(target, content);
    if (content.startsWith("#!")) chmodSync(target, 0o755);
  }
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message", message);
  return git(directory, "rev-parse", "HEAD");
}

const BACKEND = ["/usr/lib/git-core/git-http-backend", "/usr/libexec/git-core/git-http-backend"].find((path) => existsSync(path));

/** Why {@link startGitServer} cannot work here; undefined when it can. */
export const missingForGit = BACKEND === undefined ? "git" : undefined;

export interface GitServer {
  readonly origin: string;
  /** `METHOD /path`, and the authorization header if any. */
  readonly log: string[];
  close(): Promise<void>;
}

/**
 * Serves the repositories `root/NAME` as `/NAME.git`, with git's own server program. The ones in
 * `locked` require this authorization.
 */
export async function startGitServer(
  root: string,
  options: { readonly locked?: Readonly<Record<string, string>> } = {},
): Promise<GitServer> {
  const log: string[] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    log.push(`${request.method} ${request.url}${authorization === undefined ? "" : ` ${authorization}`}`);
    const [, name = "", rest = ""] = /^\/([^/]+)\.git(\/.*)$/.exec(request.url ?? "") ?? [];
    const wanted = options.locked?.[name];
    if (wanted !== undefined && authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
      return;
    }
    serve(join(root, name, ".git"), rest, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves a CGI request: the answer's headers come first on the standard output. */
function serve(directory: string, rest: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = rest.split("?");
  const child = spawn(BACKEND ?? "git-http-backend", [], {
    env: {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      PATH_TRANSLATED: directory + path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    },
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf("\r\n\r\n");
    let status = 200;
    for (const line of all.subarray(0, Math.max(0, end)).toString("latin1").split("\r\n")) {
      const colon = line.indexOf(": ");
      if (line.startsWith("Status: ")) status = Number(line.slice(8, 11));
      else if (colon > 0) response.setHeader(line.slice(0, colon), line.slice(colon + 2));
    }
    response.writeHead(status).end(all.subarray(end + 4));
  });
}
