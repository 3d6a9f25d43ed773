import { spawnSync } from "node:child_process";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { commitFiles, type GitServer, makeRepository, missingForGit, startGitServer } from "../../support/servers/git-server.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { fakeRegistry } from "../../support/servers/registry.js";
import { CLI, type CliOptions } from "../../support/rigs/rig.js";
import { notInstalled, requires } from "../../support/requires.js";
import { COPY_ALL, web, rig, served, built, refused, archive } from "./sources-rig.js";

const withGit = requires(notInstalled(missingForGit)).serial;
let repositories: GitServer;

test.before(async () => {
  if (missingForGit !== undefined) return;
  makeRepository(rig.path("repositories", "app"), {
    Dockerfile: COPY_ALL,
    "run.sh": "#!/bin/sh\n",
    "sub/Dockerfile": "FROM scratch\nCOPY d.txt /only\n",
    "sub/d.txt": "deep\n",
    ".dockerignore": "*.sh\n",
  });
  repositories = await startGitServer(rig.path("repositories"));
});

test.after.always(async () => {
  await repositories?.close();
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
