import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { commitFiles, type GitServer, makeRepository, missingForGit, startGitServer } from "../../support/servers/git-server.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { fakeRegistry, type FakeRegistry, type RealRegistry } from "../../support/servers/registry.js";
import { CLI, type CliOptions, type Ended, Rig } from "../../support/rigs/rig.js";
import { notInstalled, requires, withoutProgram } from "../../support/requires.js";

// Sources of files and Dockerfiles: the standard input, URLs, repositories, named contexts. Secrets
// leave no trace.

const missing = missingForBusybox();
const withBase = requires(notInstalled(missing)).serial;
const withGit = requires(notInstalled(missingForGit)).serial;
const COPY_ALL = "FROM scratch\nCOPY . /\n";
let registry: RealRegistry;
let web: FakeRegistry;
let repositories: GitServer;
let rig: Rig;
/** Files of the web server by path; `etag` follows the content. */
const served = new Map<string, Buffer>();

test.before(async () => {
  if (missing === undefined) registry = await startBusyboxRegistry();
  rig = new Rig();
  web = await fakeRegistry((request, response) => {
    const content = served.get(request.url.split("?")[0] ?? "");
    if (!content) return void response.writeHead(404).end();
    const etag = `"${content.length}-${content.at(-2)}"`;
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304).end();
    response.writeHead(200, { etag, "last-modified": "Thu, 02 Jan 2020 03:04:05 GMT" }).end(content);
  });
  if (missingForGit === undefined) {
    makeRepository(rig.path("repositories", "app"), {
      Dockerfile: COPY_ALL,
      "run.sh": "#!/bin/sh\n",
      "sub/Dockerfile": "FROM scratch\nCOPY d.txt /only\n",
      "sub/d.txt": "deep\n",
      ".dockerignore": "*.sh\n",
    });
    repositories = await startGitServer(rig.path("repositories"));
  }
});

test.after.always(async () => {
  await repositories?.close();
  await web?.close();
  await rig?.dispose();
  await registry?.stop();
});

/** Builds, and returns the result as `mode owner path` lines, by path, without times. */
async function built(
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

async function refused(t: ExecutionContext, args: readonly string[], options: CliOptions = {}): Promise<string> {
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

function archive(...compress: readonly string[]): Buffer {
  const { stdout } = spawnSync(
    "tar",
    ["-C", archived(), "--sort=name", ...(process.getuid?.() === 0 ? [] : ["--owner=12", "--group=34"]), ...compress, "-cf", "-", "."],
    { maxBuffer: 1 << 24 },
  );
  return stdout;
}

const OWNER = process.getuid?.() === 0 ? "0/0" : "12/34";
const UNPACKED = [
  `-rw-r--r-- ${OWNER} .dockerignore`,
  `-rw-r--r-- ${OWNER} Dockerfile`,
  "-rw-r----- 12/34 a.txt",
  `drwxr-xr-x ${OWNER} docker/`,
  `-rw-r--r-- ${OWNER} docker/Other`,
  `lrwxrwxrwx ${OWNER} link -> a.txt`,
  `-rw-r--r-- ${OWNER} skip.log`,
];

for (const [program, ...flags] of [["tar"], ["gzip", "-z"], ["bzip2", "-j"], ["xz", "-J"], ["zstd", "--zstd"]] as const) {
  requires(withoutProgram(program)).serial(
    `an archive on the standard input is the context, made by ${program}: owners and modes stay`,
    async (t) => {
      const { list, ended } = await built(t, ["-"], { input: archive(...flags) });
      t.deepEqual(list, UNPACKED, program);
      // The same files in another wrapping are the same context.
      if (program !== "tar") t.deepEqual(instructionSteps(ended.stderr).DONE, [], program);
    },
  );
}

test.serial("an archive on the standard input: another Dockerfile in it, none in it, a damaged one", async (t) => {
  t.deepEqual((await built(t, ["-f", "docker/Other", "-"], { input: archive() })).list, ["-rw-r----- 12/34 other"]);
  t.regex(
    await refused(t, ["-f", "nope", "-"], { input: archive() }),
    /error\[dockerfile\/not-found\]: Cannot find a Dockerfile in the archive: nope does not exist/,
  );
  const damaged = archive("-z").subarray(0, 100);
  t.regex(await refused(t, ["-"], { input: damaged }), /error\[/);
});

test.serial("a Dockerfile on the standard input: alone without files, with -f - beside a directory", async (t) => {
  const context = rig.context("beside", {
    "a.txt": "a\n",
    Containerfile: COPY_ALL,
    "b.txt": "b\n",
    "Other.dockerignore": "b*\n",
    Other: COPY_ALL,
  });
  t.deepEqual((await built(t, ["-"], { input: Buffer.from("FROM scratch\nCOPY <<E /x\ny\nE\n") })).list, ["-rw-r--r-- 0/0 x"]);
  t.regex(await refused(t, ["-"], { input: Buffer.from(COPY_ALL.replace(".", "a.txt")) }), /Cannot copy "a.txt" from an empty context/);
  t.deepEqual((await built(t, ["-f", "-", context], { input: Buffer.from("FROM scratch\nCOPY a.txt /a\n") })).list, ["-rw-r--r-- 0/0 a"]);
  t.regex(await refused(t, ["-f", "x", "-"], { input: Buffer.from("FROM scratch\n") }), /error\[context\/two-dockerfiles\]/);
  t.is((await built(t, [context])).list.length, 5, "Containerfile");
  const outside = rig.context("outside", { Dockerfile: "FROM scratch\nCOPY a.txt /outside\n" });
  t.deepEqual((await built(t, ["-f", join(outside, "Dockerfile"), context])).list, ["-rw-r--r-- 0/0 outside"]);
  t.deepEqual(
    (await built(t, ["-f", join(context, "Other"), context])).list.map((line) => line.split(" ")[2]),
    ["Containerfile", "Other", "Other.dockerignore", "a.txt"],
  );
});

test.serial("a URL is the context: an archive, or a Dockerfile; nothing is downloaded again", async (t) => {
  served.set("/context.tar.gz", archive("-z"));
  served.set("/Dockerfile", Buffer.from("FROM scratch\nCOPY context /dockerfile\n"));
  const url = `${web.origin}/context.tar.gz`;
  t.deepEqual((await built(t, [url])).list, UNPACKED);
  const again = await built(t, [url]);
  t.deepEqual(instructionSteps(again.ended.stderr).DONE, []);
  t.deepEqual((await built(t, ["-f", "docker/Other", url])).list, ["-rw-r----- 12/34 other"]);
  t.deepEqual((await built(t, [`${web.origin}/Dockerfile`])).list, ["-rw------- 0/0 dockerfile"]);
  const context = rig.context("for-url", { context: "c\n" });
  t.deepEqual((await built(t, ["-f", `${web.origin}/Dockerfile`, context])).list, ["-rw-r--r-- 0/0 dockerfile"]);
  t.regex(
    await refused(t, [`${web.origin}/missing?token=s3cret`]),
    /error\[source\/http-status\]: Cannot download http:\S+\/missing\?token=…: \S+ answered 404/,
  );
});

test.serial("ADD of a URL: mode, date, name, unpacking, checksum; found again by content", async (t) => {
  served.set("/dir/file%20name", Buffer.from("one\n"));
  served.set("/a.tgz", archive("-z"));
  const context = rig.context("add", {
    Dockerfile: `FROM scratch\nADD ${web.origin}/dir/file%20name /d/\nADD --chmod=755 --chown=1:2 ${web.origin}/dir/file%20name /e\nADD --unpack=true ${web.origin}/a.tgz /u\nADD ${web.origin}/a.tgz /p\n`,
  });
  const { list, tar } = await built(t, [context]);
  t.deepEqual(
    list.filter((line) => !line.includes(" u/")),
    ["drwxr-xr-x 0/0 d/", "-rw------- 0/0 d/file name", "-rwxr-xr-x 1/2 e", "-rw------- 0/0 p"],
  );
  t.true(list.includes("-rw-r----- 12/34 u/a.txt"), list.join("\n"));
  const { stdout } = await rig.spawn("tar", ["--utc", "--full-time", "-tvf", tar, "d/file name"]).ended;
  t.regex(stdout.toString("utf8"), /2020-01-02 03:04:05/);
  const again = await built(t, [context]);
  t.deepEqual(instructionSteps(again.ended.stderr).DONE, []);
  served.set("/dir/file%20name", Buffer.from("other\n"));
  const changed = instructionSteps((await built(t, [context])).ended.stderr);
  t.is(new Set(changed.DONE).size, 4, "each depends on the one before");
  const wrong = rig.context("wrong", { Dockerfile: `FROM scratch\nADD --checksum=sha256:${"0".repeat(64)} ${web.origin}/a.tgz /\n` });
  t.regex(await refused(t, [wrong]), /error\[source\/checksum-mismatch\]/);
});

withGit("a repository is the context: ref, directory, modes; it is found again by its commit", async (t) => {
  const address = `${repositories.origin}/app.git`;
  const files = [
    "-rw-r--r-- 0/0 .dockerignore",
    "-rw-r--r-- 0/0 Dockerfile",
    "-rwxr-xr-x 0/0 run.sh",
    "drwxr-xr-x 0/0 sub/",
    "-rw-r--r-- 0/0 sub/Dockerfile",
    "-rw-r--r-- 0/0 sub/d.txt",
  ];
  const masked = await rig.spawn("sh", [
    "-c",
    'umask 077; exec "$@"',
    "sh",
    process.execPath,
    CLI,
    "build",
    "-o",
    `type=tar,dest=${rig.path("masked.tar")}`,
    address,
  ]).ended;
  t.is(masked.code, 0, masked.stderr);
  const first = await built(t, [address]);
  t.deepEqual(first.list, files);
  t.deepEqual(instructionSteps(first.ended.stderr).DONE, [], "made before, under another umask");
  t.deepEqual((await built(t, [`${address}#main:sub`])).list, ["-rw-r--r-- 0/0 only"]);
  t.deepEqual((await built(t, [`${address}?subdir=sub`])).list, ["-rw-r--r-- 0/0 only"]);
  const kept = await built(t, ["--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", address]);
  t.true(kept.list.includes("-rw-r--r-- 0/0 .git/HEAD"), kept.list.join("\n"));
  const second = commitFiles(rig.path("repositories", "app"), { "new.txt": "n\n" }, "second");
  t.true((await built(t, [`${address}#${second}`])).list.includes("-rw-r--r-- 0/0 new.txt"));
  t.regex(await refused(t, [`${address}#nope`]), /error\[source\/git-ref-not-found\]: Cannot find "nope" in /);
  const without = await rig.cli(["build", address], { env: { PATH: "/nonexistent" } });
  t.regex(without.stderr, /error\[source\/git-missing\].*\n(.*\n)*hint: Install it: apt-get install git/);
});

withGit("named contexts: directories, repositories and URLs, as sources and as bases", async (t) => {
  served.set("/file", Buffer.from("file\n"));
  const local = rig.context("local", { "l.txt": "l\n", "skip.log": "", ".dockerignore": "*.log\n.dockerignore\n" });
  const contexts = ["repo", `${repositories.origin}/app.git#main:sub`, "url", `${web.origin}/file`, "dir", local].flatMap(
    (value, i, all) => (i % 2 ? [] : ["--build-context", `${value}=${all[i + 1]}`]),
  );
  const context = rig.context("named", {
    Dockerfile: "FROM dir AS a\nCOPY --from=url / /url/\nFROM repo\nCOPY --from=a / /a/\nCOPY --link --from=dir l.txt /linked\n",
  });
  const wanted = [
    "-rw-r--r-- 0/0 Dockerfile",
    "drwxr-xr-x 0/0 a/",
    "-rw-r--r-- 0/0 a/l.txt",
    "drwxr-xr-x 0/0 a/url/",
    "-rw------- 0/0 a/url/context",
    "-rw-r--r-- 0/0 d.txt",
    "-rw-r--r-- 0/0 linked",
  ];
  t.deepEqual((await built(t, [...contexts, context])).list, wanted);
  const steps = async () =>
    instructionSteps((await built(t, [...contexts, context])).ended.stderr).DONE.filter((name) => /^(COPY|LINK)/.test(name));
  t.deepEqual(await steps(), [], "a stage FROM a directory is found by its content");
  writeFileSync(join(local, "l.txt"), "changed\n");
  t.is((await steps()).length, 4, "three copies, and the link of one");
  t.regex(await refused(t, ["--build-context", "x=target:y", context]), /error\[context\/unsupported\]/);
  t.regex(
    await refused(t, ["--build-context", "x=https://example.com/a.git?nope=1", context]),
    /error\[context\/git-invalid\].*there is no option "nope"/,
  );
  mkdirSync(rig.path("missing-parent"), { recursive: true });
  t.regex(await refused(t, ["--build-context", `x=${rig.path("missing-parent", "no")}`, context]), /error\[context\/not-found\]/);
});

withBase("secrets: in files and variables of a step, and nowhere else", async (t) => {
  const secret = "correct-horse-battery\n";
  writeFileSync(rig.path("token"), secret);
  const context = rig.context("secrets", {
    Dockerfile: `ARG REGISTRY
FROM $REGISTRY/busybox
RUN --mount=type=secret,id=token,required --mount=type=secret,id=named,env=NAMED --mount=type=secret,id=other,target=/etc/other,mode=0440,uid=5 \\
  stat -c '%a %u %n' /run/secrets/token /etc/other > /seen; cat /run/secrets/token; echo "is $NAMED" >&2; printf '%s' "$NAMED" | wc -c >> /seen
RUN test ! -e /run/secrets/token && test ! -e /etc/other && test -z "$NAMED"
`,
  });
  const secrets = (value: string) => [
    "--secret",
    `id=token,src=${rig.path("token")}`,
    "--secret",
    "id=named,env=VALUE",
    "--secret",
    `id=other,src=${rig.path("token")}`,
    "--build-arg",
    `REGISTRY=${registry.host}`,
    value,
  ];
  const { ended, tar } = await built(t, secrets(context), { env: { VALUE: "p4ssw0rd-value" } });
  t.is(await rig.tarFile(tar, "seen"), "400 0 /run/secrets/token\n440 5 /etc/other\n14\n");
  t.regex(ended.stderr, /\d \*\*\*\*\n/);
  t.regex(ended.stderr, /is \*\*\*\*\n/);
  t.notRegex(ended.stderr, /battery|p4ssw0rd/);
  const found = await rig.spawn("grep", ["-rlaE", "battery|p4ssw0rd-value", rig.store]).ended;
  t.is(found.stdout.toString("utf8"), "", "nothing in the store");
  const other = await built(t, secrets(context), { env: { VALUE: "another" } });
  t.deepEqual(instructionSteps(other.ended.stderr).DONE, [], "values are in no key");
  t.regex(
    await refused(t, ["--no-cache", "--build-arg", `REGISTRY=${registry.host}`, context]),
    /error\[build\/secret-not-found\]: Cannot run the step: secret "token" is required/,
  );
  t.regex(await refused(t, ["--secret", "id=x,src=/nonexistent", context]), /error\[secret\/unreadable\]/);
  t.regex(await refused(t, ["--secret", "id=x,env=UNSET_VARIABLE", context]), /error\[secret\/variable-not-set\]/);
  writeFileSync(rig.path("big"), Buffer.alloc(600 * 1024));
  t.regex(await refused(t, ["--secret", `id=x,src=${rig.path("big")}`, context]), /error\[secret\/too-large\]/);
  t.is(readFileSync(rig.path("token"), "utf8"), secret);
});

withGit("passwords of addresses: neither shown, nor in the store, an image or a cache", async (t) => {
  const password = "correct-horse";
  const authorization = `Basic ${Buffer.from(`me:${password}`).toString("base64")}`;
  const locked = await startGitServer(rig.path("repositories"), { locked: { app: authorization.replace("Basic", "basic") } });
  t.teardown(() => locked.close());
  const files = await fakeRegistry((request, response) =>
    request.headers.authorization === authorization
      ? void response.writeHead(200, { etag: '"1"' }).end("FROM scratch\nCOPY named /\n")
      : void response.writeHead(401).end(),
  );
  t.teardown(() => files.close());
  const [repository, file] = [`${locked.origin}/app.git`, `${files.origin}/file`].map((url) => url.replace("//", `//me:${password}@`)) as [
    string,
    string,
  ];
  const context = rig.context("passwords", {
    Dockerfile: `FROM scratch\nADD ${repository} /git\nADD --keep-git-dir ["${repository}", "/kept/"]\nADD ${file} /file\n`,
    broken: `FROM scratch\nADD ${file.replace("me:", "you:")} /file\n`,
    named: "FROM scratch\nCOPY --from=named Dockerfile /\n",
    trigger: `FROM scratch AS base\nONBUILD ADD ${file} /file\nONBUILD ADD ${repository} /git\nFROM base\n`,
  });
  const [cache, image] = [rig.path("passwords-cache"), rig.path("passwords.tar")];
  const outputs = ["-t", "passwords:1", "-o", `type=oci,dest=${image},compression=uncompressed`, "--cache-to", `type=local,dest=${cache}`];
  const rows: readonly (readonly [code: number, ...args: string[]])[] = [
    [0, context],
    [0, context],
    [1, "-f", join(context, "broken"), context],
    [0, "-f", join(context, "trigger"), context],
    [0, repository],
    [0, "-f", file, context],
    [0, "-f", join(context, "named"), "--build-context", `named=${repository}`, context],
  ];
  const shown: string[] = [];
  for (const [code, ...args] of rows) {
    const ended = await rig.cli(["build", "--progress=plain", "--explain", ...outputs, ...args]);
    t.is(ended.code, code, ended.stderr);
    const found = await rig.spawn("grep", ["-rla", password, rig.store, cache, image]).ended;
    t.is(found.stdout.toString("utf8"), "", args.join(" "));
    shown.push(ended.stderr);
  }
  for (const args of [["explain"], ["builds"]]) {
    const { stdout, stderr } = await rig.cli(args);
    shown.push(stdout.toString("utf8"), stderr);
  }
  t.notRegex(shown.join(""), new RegExp(password));
  t.regex(shown.join(""), /ADD --keep-git-dir \[http:\/\/127/);
});

withGit("SOURCE_DATE_EPOCH can be the date of what is built: a commit, a download, the newest member of an archive", async (t) => {
  served.set("/dated.tar", archive());
  const newest = rig.context("newest", { Dockerfile: COPY_ALL });
  utimesSync(join(newest, "Dockerfile"), 1_600_000_000, 1_600_000_000);
  const { stdout: tar } = spawnSync("tar", ["-C", newest, "-cf", "-", "Dockerfile"]);
  const dates: readonly (readonly [string, string, string | undefined, CliOptions])[] = [
    ["context", `${repositories.origin}/app.git#main`, "2021-03-04T05:06:07Z", {}],
    ["context", `${web.origin}/dated.tar`, "2020-01-02T03:04:05Z", {}],
    ["context", "-", "2020-09-13T12:26:40Z", { input: tar }],
    ["named", newest, "2021-03-04T05:06:07Z", {}],
    ["context", newest, undefined, {}],
  ];
  for (const [value, context, created, options] of dates) {
    const args = ["--build-context", `named=${repositories.origin}/app.git#main`, "--build-arg", `SOURCE_DATE_EPOCH=${value}`];
    const ended = await rig.cli(["build", "-q", ...args, "-t", "dated:1", context], options);
    t.is(ended.code, 0, ended.stderr);
    const shown = await rig.cli(["inspect", "--format", "{{.Created}}", "dated:1"]);
    if (created === undefined) t.true(shown.stdout.toString("utf8") > "2022", "a directory has no date");
    else t.is(Date.parse(shown.stdout.toString("utf8").trim()), Date.parse(created), `${value} of ${context}`);
  }
});
