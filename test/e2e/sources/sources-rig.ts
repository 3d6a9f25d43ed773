import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { fakeRegistry, type FakeRegistry } from "../../support/servers/registry.js";
import { type CliOptions, type Ended, Rig } from "../../support/rigs/rig.js";

// A command with a store of its own and a web server, for each file of tests.

export const COPY_ALL = "FROM scratch\nCOPY . /\n";
export let web: FakeRegistry;
export let rig: Rig;
/** Files of the web server by path; `etag` follows the content. */
export const served = new Map<string, Buffer>();

test.before(async () => {
  rig = new Rig();
  web = await fakeRegistry((request, response) => {
    const content = served.get(request.url.split("?")[0] ?? "");
    if (!content) return void response.writeHead(404).end();
    const etag = `"${content.length}-${content.at(-2)}"`;
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304).end();
    response.writeHead(200, { etag, "last-modified": "Thu, 02 Jan 2020 03:04:05 GMT" }).end(content);
  });
});

test.after.always(async () => {
  await web?.close();
  await rig?.dispose();
});

/** Builds, and returns the result as `mode owner path` lines, by path, without times. */
export async function built(
  t: ExecutionContext,
  args: readonly string[],
  options: CliOptions = {},
): Promise<{ readonly list: readonly string[]; readonly ended: Ended; readonly tar: string }> {
  const tar = rig.path("out.tar");
  const ended = await rig.cli(["build", "--progress=plain", "-o", `type=tar,dest=${tar}`, ...args], options);
  t.is(ended.code, 0, `${args.join(" ")}\n${ended.stderr}`);
  t.deepEqual(rig.leftovers(), [], args.join(" "));
  const { stdout } = await rig.spawn("tar", ["--numeric-owner", "-tvf", tar]).ended;
  const list = stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const [, mode, owner, path] = /^(\S+) (\S+)\s+\d+ \S+ \S+ (.*)$/.exec(line) ?? [];
      return mode === undefined ? [] : [`${mode} ${owner} ${path}`];
    });
  return { list: list.sort((a, b) => ((a.split(" ")[2] ?? "") < (b.split(" ")[2] ?? "") ? -1 : 1)), ended, tar };
}

export async function refused(t: ExecutionContext, args: readonly string[], options: CliOptions = {}): Promise<string> {
  const ended = await rig.cli(["build", "--progress=plain", ...args], options);
  t.is(ended.code, 1, ended.stderr);
  t.deepEqual(rig.leftovers(), []);
  return ended.stderr;
}

/**
 * Makes a directory whose archive has to keep everything: modes, a link, an owner (as root), an
 * ignore file that does not count.
 */
function archived(): string {
  const directory = rig.path("archived");
  if (existsSync(directory)) return directory;
  rig.context("archived", {
    Dockerfile: COPY_ALL,
    "a.txt": "a\n",
    "skip.log": "log\n",
    ".dockerignore": "*.log\n",
    "docker/Other": "FROM scratch\nCOPY a.txt /other\n",
  });
  chmodSync(join(directory, "a.txt"), 0o640);
  symlinkSync("a.txt", join(directory, "link"));
  if (process.getuid?.() === 0) chownSync(join(directory, "a.txt"), 12, 34);
  return directory;
}

export function archive(...compress: readonly string[]): Buffer {
  const { stdout } = spawnSync(
    "tar",
    ["-C", archived(), "--sort=name", ...(process.getuid?.() === 0 ? [] : ["--owner=12", "--group=34"]), ...compress, "-cf", "-", "."],
    { maxBuffer: 1 << 24 },
  );
  return stdout;
}

const OWNER = process.getuid?.() === 0 ? "0/0" : "12/34";
export const UNPACKED = [
  `-rw-r--r-- ${OWNER} .dockerignore`,
  `-rw-r--r-- ${OWNER} Dockerfile`,
  "-rw-r----- 12/34 a.txt",
  `drwxr-xr-x ${OWNER} docker/`,
  `-rw-r--r-- ${OWNER} docker/Other`,
  `lrwxrwxrwx ${OWNER} link -> a.txt`,
  `-rw-r--r-- ${OWNER} skip.log`,
];
