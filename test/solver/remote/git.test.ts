import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Digest } from "../../../core/digest.js";
import type { Diagnostic } from "../../../core/diagnostics.js";
import { CanceledError, type TsbuildError } from "../../../core/errors.js";
import { gitSource, readGit, type GitSource } from "../../../llb/sources/git.js";
import { parseGitSource } from "../../../frontend/dockerfile/values/git-source.js";
import type { Toc } from "../../../oci/layer/model/toc.js";
import { pack } from "../../../oci/layer/write/pack.js";
import type { LayerTasks } from "../../../oci/layer/model/tasks.js";
import type { OpContext } from "../../../solver/engine/op.js";
import { LayerService } from "../../../solver/layers/layer-service.js";
import { gitSourceOp } from "../../../solver/ops/source-git.js";
import type { GitLimits } from "../../../solver/remote/git-command.js";
import { GitRepositories } from "../../../solver/remote/git-repositories.js";
import { commitFiles, git, type GitServer, makeRepository, missingForGit, startGitServer } from "../../support/servers/git-server.js";
import { temporaryDirectory, testStore } from "../../support/images/images.js";
import { notInstalled, requires } from "../../support/requires.js";

const run = requires(notInstalled(missingForGit));
const TIME = Date.parse("2021-03-04T05:06:07Z") / 1000;
const repositories = temporaryDirectory();
const TOKEN = `basic ${Buffer.from("x-access-token:t0ken").toString("base64")}`;
const ids: Record<string, string> = {};
let server: GitServer;

test.before(async () => {
  if (missingForGit !== undefined) return;
  const at = (name: string) => join(repositories.path, name);
  makeRepository(at("lib"), { "lib.txt": "lib\n" });
  ids["one"] = makeRepository(at("app"), {
    "a.txt": "one\n",
    "run.sh": "#!/bin/sh\n",
    link: "->a.txt",
    "sub/deep/d.txt": "deep\n",
    inside: "->sub/../sub/deep",
    outside: "->/etc",
  });
  git(at("app"), "tag", "light");
  git(at("app"), "tag", "--annotate", "--message=v1", "v1");
  ids["tag"] = git(at("app"), "rev-parse", "v1");
  git(at("app"), "switch", "--quiet", "--create", "feature/x");
  ids["feature"] = commitFiles(at("app"), { "a.txt": "feature\n" }, "feature");
  git(at("app"), "switch", "--quiet", "main");
  ids["two"] = commitFiles(at("app"), { "a.txt": "two\n" }, "second");
  // A tag with a branch's name, and a branch whose name ends like another.
  git(at("app"), "tag", "feature/x", "light");
  makeRepository(at("parent"), { "p.txt": "p\n" });
  git(at("parent"), "submodule", "--quiet", "add", at("lib"), "vendor/lib");
  git(at("parent"), "config", "--file=.gitmodules", "submodule.vendor/lib.url", "../lib.git");
  commitFiles(at("parent"), {}, "submodule");
  ids["big"] = makeRepository(at("big"), { "big.txt": "big\n" }, "sha256");
  makeRepository(at("locked"), { "secret.txt": "s\n" });
  makeRepository(at("empty-file"), { empty: "" });
  mkdirSync(at("nothing"));
  git(at("nothing"), "init", "--quiet");
  // Programs that git would run if allowed: filters and hooks that a repository asks for.
  makeRepository(at("hostile"), {
    ".gitattributes": "* filter=run eol=crlf\n",
    "f.txt": "plain\n",
    ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::touch hostile\n\tupdate = !touch hostile\n',
  });
  git(at("hostile"), "update-index", "--add", "--cacheinfo", `160000,${ids["one"]},x`);
  git(at("hostile"), "commit", "--quiet", "--message=link");
  server = await startGitServer(repositories.path, { locked: { locked: TOKEN } });
});

test.after.always(async () => {
  await server?.close();
  repositories.remove();
});

interface World {
  /** Returns the files of an address: `mode size text` by path. */
  files(address: string): Promise<Record<string, string>>;
  identity(address: string): Promise<string>;
  toc(address: string): Promise<Toc>;
}

function world(
  t: ExecutionContext,
  options: {
    readonly secrets?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    readonly limits?: GitLimits;
    readonly onWarning?: (warning: Diagnostic) => void;
  } = {},
): World {
  const { store, close } = testStore();
  t.teardown(close);
  const refused = (): never => {
    throw new Error("not here");
  };
  const packing = (params: Parameters<LayerTasks["pack"]>[0]) => pack(params);
  const tasks = {
    scan: refused,
    extract: refused,
    index: refused,
    cut: refused,
    recompress: refused,
    apply: refused,
    diff: refused,
    check: refused,
    pack: packing,
    packMapped: packing,
  };
  const layers = new LayerService({ store, tasks, fetchBlob: refused });
  const secrets = (id: string): Uint8Array | undefined => {
    const value = options.secrets?.[id];
    return value === undefined ? undefined : Buffer.from(value);
  };
  const repositories = new GitRepositories({
    store,
    sshAgent: async () => undefined,
    secrets,
    ...(options.limits && { limits: options.limits }),
    ...(options.onWarning && { onWarning: options.onWarning }),
  });
  const opContext: OpContext = {
    signal: options.signal ?? new AbortController().signal,
    output: () => {},
    progress: () => {},
    resume: refused,
  };
  const opOf = (address: string) => {
    const source = parseGitSource(server.origin + address);
    if (source === undefined || typeof source === "string") throw new Error(`${address}: ${source}`);
    return gitSourceOp(readGit(gitSource(source)) as GitSource, { layers, sources: { repositories } });
  };
  const toc = async (address: string): Promise<Toc> => {
    const result = await opOf(address).run([], opContext);
    const id = result.kind === "layers" ? result.layers[0] : undefined;
    const { diffId } = layers.record(id as NonNullable<typeof id>);
    return store.layers.toc(diffId as Digest) as Toc;
  };
  return {
    toc,
    identity: async (address) => (await opOf(address).identity(opContext)) ?? "",
    files: async (address) => {
      // The first is the directory itself.
      const { entries } = await toc(address);
      return Object.fromEntries(
        [...entries]
          .slice(1)
          .map(({ path, type, mode, link, size }) => [
            path,
            type === "symlink" ? `-> ${link}` : `${type} ${mode.toString(8)} ${type === "file" ? size : ""}`.trim(),
          ]),
      );
    },
  };
}

const APP = {
  "a.txt": "file 644 4",
  inside: "-> sub/../sub/deep",
  link: "-> a.txt",
  outside: "-> /etc",
  "run.sh": "file 755 10",
  sub: "dir 755",
  "sub/deep": "dir 755",
  "sub/deep/d.txt": "file 644 5",
};

run("a ref leads to a commit, which is what identifies the source", async (t) => {
  const { identity } = world(t);
  t.is(await identity("/app.git"), `git ${ids["two"]}`);
  for (const ref of ["main", "refs/heads/main", "heads/main"]) t.is(await identity(`/app.git#${ref}`), `git ${ids["two"]}`, ref);
  for (const ref of ["v1", "light", "refs/tags/v1", ids["one"]]) t.is(await identity(`/app.git#${ref}`), `git ${ids["one"]}`, ref);
  t.is(await identity("/app.git#feature/x"), `git ${ids["feature"]}`, "a branch goes before a tag");
  t.is(await identity("/app.git?tag=feature/x"), `git ${ids["one"]}`);
  t.is(await identity("/app.git?branch=main&subdir=sub/./deep/"), `git ${ids["two"]}, directory "sub/deep"`);
  t.is(await identity("/big.git"), `git ${ids["big"]}`);
  t.is(await identity("/app.git?submodules=false&mtime=commit"), `git ${ids["two"]}, without submodules, times of the commit`);
  t.is(await identity("/app.git?keep-git-dir=1#v1"), `git ${ids["one"]}, .git ["${server.origin}/app.git","refs/tags/v1","${ids["tag"]}"]`);
});

run("the files of a commit have git's modes; times are the commit's when asked", async (t) => {
  const { files, toc } = world(t);
  t.deepEqual(await files("/app.git#v1"), APP);
  t.deepEqual(await files(`/app.git#${ids["feature"]}`), { ...APP, "a.txt": "file 644 8" });
  t.deepEqual(await files("/big.git"), { "big.txt": "file 644 4" });
  t.true([...(await toc("/app.git")).entries].every((entry) => entry.mtime.sec > TIME && entry.uid === 0));
  t.true([...(await toc("/app.git?mtime=commit")).entries].every((entry) => entry.mtime.sec === TIME));
});

run("a directory of a repository; links on the way stay inside", async (t) => {
  const { files } = world(t);
  t.deepEqual(await files("/app.git#:sub/deep"), { "d.txt": "file 644 5" });
  t.deepEqual(await files("/app.git#:inside"), { "d.txt": "file 644 5" });
  for (const [subdir, code] of [
    ["outside", "source/git-subdir-not-found"],
    ["../../..", undefined],
    ["a.txt", "source/git-subdir-not-found"],
    [".git", "source/git-subdir-not-found"],
  ] as const) {
    const work = files(`/app.git#:${subdir}`);
    if (code === undefined) t.deepEqual(Object.keys(await work).sort(), Object.keys(APP).sort());
    else t.is((await t.throwsAsync<TsbuildError>(work)).code, code, subdir);
  }
});

run("submodules come along unless asked otherwise", async (t) => {
  const { files } = world(t);
  t.like(await files("/parent.git"), { "vendor/lib": "dir 755", "vendor/lib/lib.txt": "file 644 4" });
  t.is((await files("/parent.git"))["vendor/lib/.git"], undefined);
  const without = await files("/parent.git?submodules=false");
  t.is(without["vendor/lib"], "dir 755");
  t.is(without["vendor/lib/lib.txt"], undefined);
});

run("a kept .git stands for itself, holds one commit, and names no credentials", async (t) => {
  const { files } = world(t, { secrets: { GIT_AUTH_TOKEN: "t0ken" } });
  const kept = await files("/locked.git?keep-git-dir=true");
  t.like(kept, { ".git": "dir 755", ".git/HEAD": "file 644 41", ".git/refs/heads/main": "file 644 41" });
  t.is(kept[".git/FETCH_HEAD"], undefined);
  t.is(kept[".git/hooks"], undefined);
  t.is(kept[".git/objects/info/alternates"], undefined);
  t.is((await files("/app.git?keep-git-dir=true#v1:sub"))[".git"], undefined, "a part of the files has none");
});

run("tokens: for the host first; none is sent elsewhere; without one the way out is reported", async (t) => {
  const host = new URL(server.origin).host;
  t.deepEqual(
    Object.keys(await world(t, { secrets: { GIT_AUTH_TOKEN: "wrong", [`GIT_AUTH_TOKEN.${host}`]: "t0ken\n" } }).files("/locked.git")),
    ["secret.txt"],
  );
  t.deepEqual(Object.keys(await world(t, { secrets: { GIT_AUTH_HEADER: TOKEN } }).files("/locked.git")), ["secret.txt"]);
  const bare = await t.throwsAsync<TsbuildError>(world(t).identity("/locked.git"));
  t.is(bare.code, "source/git-failed");
  t.true(bare.hint?.includes("--secret id=GIT_AUTH_TOKEN"), bare.message);
  const wrong = await t.throwsAsync<TsbuildError>(world(t, { secrets: { GIT_AUTH_TOKEN: "wr0ng-value" } }).identity("/locked.git"));
  t.notRegex(wrong.message + wrong.hint, /wr0ng/);
});

run("tokens: one for all hosts is sent to a host that the Dockerfile names with a warning, one for the host without", async (t) => {
  const { host } = new URL(server.origin);
  const warnings: Diagnostic[] = [];
  const onWarning = (warning: Diagnostic): void => void warnings.push(warning);
  const { files } = world(t, { secrets: { GIT_AUTH_TOKEN: "t0ken" }, onWarning });
  await files("/locked.git");
  await files("/app.git");
  t.deepEqual(
    warnings.map(({ code, message }) => [code, message]),
    [["source/general-token", `The secret GIT_AUTH_TOKEN is sent to ${host}, which the Dockerfile names`]],
  );
  await world(t, { secrets: { [`GIT_AUTH_TOKEN.${host}`]: "t0ken" }, onWarning }).files("/locked.git");
  t.is(warnings.length, 1);
});

run("what cannot be had is reported with its name", async (t) => {
  const { identity, files } = world(t);
  const codes = async (address: string) => (await t.throwsAsync<TsbuildError>(identity(address))).code;
  t.is(await codes("/app.git#nope"), "source/git-ref-not-found");
  t.is(await codes("/nothing.git"), "source/git-ref-not-found");
  t.is(await codes("/missing.git"), "source/git-failed");
  t.is(await codes(`/app.git?checksum=${ids["one"]}&branch=main`), "source/git-checksum-mismatch");
  t.is(await identity(`/app.git?commit=${ids["one"]?.slice(0, 12)}&tag=v1`), `git ${ids["one"]}`);
  t.is(await identity(`/app.git?checksum=${ids["tag"]?.slice(0, 12)}&tag=v1`), `git ${ids["one"]}`, "the tag's own id");
  const gone = await t.throwsAsync<TsbuildError>(files(`/app.git#${"0".repeat(40)}`));
  t.is(gone.code, "source/git-ref-not-found");
});

run("nothing that a repository asks for is run", async (t) => {
  const { files, toc } = world(t);
  const error = await t.throwsAsync<TsbuildError>(files("/hostile.git"));
  t.is(error.code, "source/git-failed");
  t.regex(error.message, /submodules/);
  t.deepEqual(Object.keys(await files("/hostile.git?submodules=false")), [".gitattributes", ".gitmodules", "f.txt", "x"]);
  t.truthy(await toc("/hostile.git?submodules=false"));
  t.throws(() => readFileSync("hostile"), { code: "ENOENT" });
});

run("an abort ends git", async (t) => {
  const controller = new AbortController();
  const { identity } = world(t, { signal: controller.signal });
  const work = identity("/app.git");
  controller.abort();
  t.true((await t.throwsAsync(work)) instanceof CanceledError);
});

run("a branch that moves is fetched again; what was fetched stays", async (t) => {
  const directory = join(repositories.path, "moving");
  const first = makeRepository(directory, { f: "1\n" });
  const { files } = world(t);
  t.deepEqual(await files("/moving.git"), { f: "file 644 2" });
  writeFileSync(join(directory, "f"), "longer\n");
  const second = commitFiles(directory, {}, "second");
  t.deepEqual(await files(`/moving.git#${second}`), { f: "file 644 7" });
  const requests = () => server.log.filter((line) => line.includes("/moving.git")).length;
  const before = requests();
  t.deepEqual(await files(`/moving.git#${first}`), { f: "file 644 2" });
  t.is(requests(), before, "nothing is asked for a commit that is there");
});
