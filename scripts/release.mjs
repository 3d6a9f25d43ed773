// Makes everything of a release from its tag: the packages, the single files, the image as an OCI
// archive, the notes from CHANGELOG.md, and the digests of all of it.
//   node scripts/release.mjs v0.2.0 [--to release] [--base debian:bookworm-slim] [--publish]
//   node scripts/release.mjs --notes 0.2.0
// Nothing leaves the machine without --publish, which gives the packages to npm's registry.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PROCESSORS = "x64,arm64";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    to: { type: "string", default: "release" },
    base: { type: "string", default: "debian:bookworm-slim" },
    publish: { type: "boolean", default: false },
    notes: { type: "string" },
  },
});

if (values.notes !== undefined) process.stdout.write(notesOf(values.notes));
else release(positionals[0] ?? fail("name the tag, such as v0.2.0"));

function release(tag) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (tag !== `v${version}`) fail(`the tag is ${tag}, and package.json has version ${version}`);
  if (text("git", ["status", "--porcelain"]) !== "") fail("the working tree has changes; a release is what the tag holds");
  if (text("git", ["rev-parse", "HEAD"]) !== text("git", ["rev-parse", `${tag}^{commit}`]))
    fail(`HEAD is not at ${tag}: git checkout ${tag}`);
  const notes = notesOf(version);
  const to = resolve(values.to);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  show("npm", ["ci"]);
  show("npm", ["run", "build"]);
  show("node", ["scripts/pack.mjs", "--to", to, "--arch", PROCESSORS]);
  show("node", ["scripts/sea.mjs", "--to", to, "--arch", PROCESSORS]);
  makeImage(to, version);
  writeFileSync(join(to, "NOTES.md"), notes);
  writeFileSync(join(to, "SHA256SUMS"), sums(to));
  if (values.publish) publish(to);
}

/** Makes the image with the command that is released. */
function makeImage(to, version) {
  const platforms = ["--platform", "linux/amd64,linux/arm64", "--build-arg", `BASE=${values.base}`];
  const output = `type=oci,dest=${join(to, `tsbuild-image-${version}.tar`)}`;
  show("node", ["dist/cli.cjs", "build", "-f", "examples/self/Dockerfile", ...platforms, "-t", `tsbuild:${version}`, "-o", output, to]);
}

/**
 * Publishes the packages: those for machines first, so that whoever installs the command finds
 * them.
 */
function publish(to) {
  const tarballs = readdirSync(to).filter((name) => name.endsWith(".tgz"));
  const isCommand = (name) => /^tsbuild-\d/.test(name);
  for (const name of tarballs.toSorted((a, b) => Number(isCommand(a)) - Number(isCommand(b))))
    show("npm", ["publish", "--access", "public", join(to, name)]);
}

/** Returns the section of a version in CHANGELOG.md, without its heading. */
function notesOf(version) {
  const sections = readFileSync(join(root, "CHANGELOG.md"), "utf8").split(/^## /m);
  const section = sections.find((one) => /^\[?([^\]\s]+)/.exec(one)?.[1] === version);
  if (section === undefined) fail(`CHANGELOG.md has no section "## ${version}"`);
  return `${section.slice(section.indexOf("\n")).trim()}\n`;
}

function sums(to) {
  const names = readdirSync(to).toSorted();
  return names
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(to, name)))
          .digest("hex")}  ${name}\n`,
    )
    .join("");
}

function text(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) fail(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`);
  return stdout.trim();
}

function show(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) fail(`${command} ${args.join(" ")} ended with ${error?.message ?? status}`);
}

function fail(problem) {
  console.error(`Cannot release: ${problem}`);
  process.exit(1);
}
