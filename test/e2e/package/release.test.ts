import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";

/** Makes a repository of one commit, with the release script in it. */
function repository(): {
  readonly directory: string;
  readonly release: (...args: readonly string[]) => { status: number | null; stdout: string; stderr: string };
} {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-release-"));
  mkdirSync(join(directory, "scripts"));
  cpSync(join(packageRoot(), "scripts", "release.mjs"), join(directory, "scripts", "release.mjs"));
  writeFileSync(join(directory, "package.json"), '{ "name": "tsbuild", "version": "1.2.3" }');
  writeFileSync(
    join(directory, "CHANGELOG.md"),
    "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.3 (2026-01-01)\n\n### Part\n\n- fixed\n\n## 1.2.30\n\n- other\n",
  );
  git(directory, "init", "-q");
  git(directory, "add", ".");
  git(directory, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first");
  const release = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(directory, "scripts", "release.mjs"), ...args], { encoding: "utf8" });
  return { directory, release };
}

function git(directory: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync("git", ["-C", directory, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

test("the notes of a release are its section of the changelog", (t) => {
  const { directory, release } = repository();
  try {
    t.is(release("--notes", "1.2.3").stdout, "### Part\n\n- fixed\n");
    t.regex(release("--notes", "9.9.9").stderr, /CHANGELOG.md has no section "## 9.9.9"/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a release is made of its tag and of nothing else", (t) => {
  const { directory, release } = repository();
  try {
    t.regex(release("v1.0.0").stderr, /the tag is v1.0.0, and package.json has version 1.2.3/);
    t.regex(release("v1.2.3").stderr, /git rev-parse v1.2.3/);
    git(directory, "tag", "v1.2.3");
    writeFileSync(join(directory, "other"), "");
    t.regex(release("v1.2.3").stderr, /the working tree has changes/);
    git(directory, "add", ".");
    git(directory, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "second");
    const { status, stderr } = release("v1.2.3");
    t.regex(stderr, /HEAD is not at v1.2.3: git checkout v1.2.3/);
    t.is(status, 1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
