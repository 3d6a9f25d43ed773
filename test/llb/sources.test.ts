import test from "ava";
import { sha256 } from "../../core/digest.js";
import type { SourceOp } from "../../llb/ops.js";
import { blobSource } from "../../llb/sources/blob.js";
import { printGraph } from "../../llb/print.js";
import { edge } from "../../llb/vertex.js";
import { gitSource, readGit } from "../../llb/sources/git.js";
import { httpSource } from "../../llb/sources/http.js";
import { imageSource } from "../../llb/sources/image.js";
import { localSource } from "../../llb/sources/local.js";
import { imageOf, localOf, readSource, type Source } from "../../llb/sources/source.js";

const digest = sha256("x");
const repository = { ref: "main", subdir: "a//b/.", checksum: "ABC", keepGitDir: undefined, submodules: false, mtime: "commit" } as const;

/** Sources: each constructor's result for its arguments, and its reader's result for that. */
const SOURCES: readonly (readonly [SourceOp, identifier: string, attrs: SourceOp["attrs"], Source])[] = [
  [localSource("context"), "local://context", {}, { kind: "local", name: "context", excludePatterns: [] }],
  [
    localSource("a b", ["*.o", "!x"]),
    "local://a b",
    { "local.excludepatterns": '["*.o","!x"]' },
    { kind: "local", name: "a b", excludePatterns: ["*.o", "!x"] },
  ],
  [
    imageSource({ layout: false, ref: "docker.io/library/a:1", digest }),
    `docker-image://docker.io/library/a:1@${digest}`,
    {},
    { kind: "image", layout: false, ref: `docker.io/library/a:1@${digest}`, digest },
  ],
  [
    imageSource({ layout: true, ref: "/dir:tag", digest }),
    `oci-layout:///dir:tag@${digest}`,
    {},
    { kind: "image", layout: true, ref: `/dir:tag@${digest}`, digest },
  ],
  [
    httpSource("https://host/a", { filename: "a", checksum: digest }),
    "https://host/a",
    { "http.checksum": digest, "http.filename": "a" },
    { kind: "http", url: "https://host/a", filename: "a", checksum: digest, mode: 0o600, uid: 0, gid: 0 },
  ],
  [
    blobSource(digest, "context"),
    `oci-layout+blob://context@${digest}`,
    { "blob.filename": "context" },
    { kind: "blob", digest, filename: "context" },
  ],
  [
    gitSource({ ...repository, remote: "https://host/o/r.git" }, { keepGitDir: true, fromCaller: true }),
    "git://host/o/r.git#main:a//b/.",
    {
      "git.authheadersecret": "GIT_AUTH_HEADER",
      "git.authtokensecret": "GIT_AUTH_TOKEN",
      "git.fullurl": "https://host/o/r.git",
      "git.keepgitdir": "true",
      "git.checksum": "ABC",
      "git.skipsubmodules": "true",
      "git.mtime": "commit",
    },
    {
      kind: "git",
      remote: "https://host/o/r.git",
      userinfo: undefined,
      host: "host",
      ref: "main",
      subdir: "a/b",
      checksum: "abc",
      keepGitDir: true,
      submodules: false,
      mtime: "commit",
      headerSecret: "GIT_AUTH_HEADER",
      tokenSecret: "GIT_AUTH_TOKEN",
      fromCaller: false,
      agent: "default",
    },
  ],
];

test("the password of a repository is in no name of its source, and in no printed graph", (t) => {
  const op = gitSource({ ...repository, remote: "https://me:hunter2@host/o/r.git" });
  t.is(op.identifier, "git://host/o/r.git#main:a//b/.");
  t.like(readGit(op), { remote: "https://host/o/r.git", userinfo: { user: "me", password: "hunter2" } });
  t.notRegex(printGraph([edge({ op, metadata: { step: { kind: "internal", text: "x" } } })]), /hunter2/);
});

for (const [op, identifier, attrs, read] of SOURCES) {
  test(`source: ${identifier.replace(digest, "DIGEST")} is made and read back`, (t) => {
    t.deepEqual(op, { kind: "source", identifier, attrs });
    t.deepEqual(readSource(op), read);
    t.is(localOf(op)?.name, read.kind === "local" ? read.name : undefined);
    t.is(imageOf(op)?.ref, read.kind === "image" ? read.ref : undefined);
  });
}

test("source: what graphs made by hand hold is read as BuildKit reads it", (t) => {
  const read = (identifier: string, attrs: SourceOp["attrs"] = {}) => readSource({ kind: "source", identifier, attrs });
  t.like(read("docker-image://alpine"), { kind: "image", ref: "alpine", digest: undefined });
  t.like(read("HTTP://host/a", { "http.perm": "0755", "http.uid": "7", "http.gid": "0o10" }), {
    kind: "http",
    filename: "download",
    mode: 0o755,
    uid: 7,
    gid: 8,
  });
  t.like(read("git://host/o/r.git#v1"), { kind: "git", remote: "https://host/o/r.git", ref: "v1", submodules: true, agent: "default" });
  t.like(read("git://host/r", { "git.fullurl": "git@host:o/r.git", "git.fromcaller": "true", "git.mountsshsock": "work" }), {
    remote: "git@host:o/r.git",
    userinfo: undefined,
    host: "host",
    fromCaller: true,
    agent: "work",
  });
  t.like(read("git://host/r", { "git.fullurl": "https://me:p%40ss@host:1/r" }), {
    remote: "https://host:1/r",
    userinfo: { user: "me", password: "p@ss" },
    host: "host:1",
  });
  t.throws(() => read("https://host/a", { "http.checksum": "no" }), { message: /"no" is no checksum/ });
  for (const other of ["", "alpine", "ftp://host/a", "docker-image:alpine", "locals://x"]) t.is(read(other), undefined, other);
  t.is(localOf({ kind: "merge" }), undefined);
  t.is(imageOf(undefined), undefined);
});
