// Finds Go, and builds the programs of the tests of BuildKit and buildx with it.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Runs a program to its end, with its output on ours. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, { stdio: ["ignore", 2, 2], ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status ?? signal}`);
}

/** Returns the output of a program; undefined where it fails or does not exist. */
export function outputOf(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", ...options });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Returns the path of Go: the given one, that of `$PATH` where it is new enough for the modules, or
 * that of Debian sid, unpacked in `work` and not installed.
 */
export function findGo(work, given, modules) {
  if (given) return given;
  const wanted = Math.max(
    ...modules.map((directory) => Number(outputOf("sed", ["-n", "s/^go 1\\.\\([0-9]*\\).*/\\1/p", join(directory, "go.mod")]))),
  );
  const here = /go1\.(\d+)/.exec(outputOf("go", ["version"]) ?? "")?.[1];
  if (here !== undefined && Number(here) >= wanted) return "go";
  const root = join(work, "go");
  const program = join(root, `usr/lib/go-1.${wanted}/bin/go`);
  if (!existsSync(program)) unpackGo(work, root, `golang-1.${wanted}`);
  return program;
}

/** Unpacks Debian sid's packages of a version of Go. apt keeps its lists in `work`. */
function unpackGo(work, root, name) {
  const apt = join(work, "apt");
  for (const directory of ["lists/partial", "archives/partial", "debs"]) mkdirSync(join(apt, directory), { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=${keyring}] http://deb.debian.org/debian sid main\n`);
  const config = join(apt, "apt.conf");
  writeFileSync(
    config,
    `Dir::State::lists "${apt}/lists";\nDir::Etc::sourcelist "${apt}/sources.list";\nDir::Etc::sourceparts "-";\nDir::Cache "${apt}";\nAcquire::Check-Valid-Until "false";\n`,
  );
  const options = { cwd: join(apt, "debs"), env: { ...process.env, APT_CONFIG: config } };
  run("apt-get", ["update", "-qq"], options);
  run("apt-get", ["download", "-qq", `${name}-go`, `${name}-src`], options);
  for (const file of readdirSync(options.cwd)) if (file.startsWith("golang")) run("dpkg", ["-x", join(options.cwd, file), root]);
}

/** Returns a directory with the files of a checkout, or of a git directory without a work tree. */
export function sourcesOf(path, work, name) {
  if (existsSync(join(path, "go.mod"))) return path;
  const target = join(work, "sources", name);
  if (!existsSync(join(target, "go.mod"))) {
    mkdirSync(target, { recursive: true });
    execFileSync("sh", ["-c", 'git -C "$1" archive HEAD | tar -x -C "$2"', "sh", path, target]);
  }
  return target;
}

/** Programs to build: the name, the repository, and the arguments of `go`. */
const PROGRAMS = [
  ["buildctl", "buildkit", ["build"], "./cmd/buildctl"],
  ["client.test", "buildkit", ["test", "-c"], "./client"],
  ["dockerfile.test", "buildkit", ["test", "-c"], "./frontend/dockerfile"],
  ["dockerfile-frontend", "buildkit", ["build"], "./frontend/dockerfile/cmd/dockerfile-frontend"],
  ["buildkitd.real", "buildkit", ["build"], "./cmd/buildkitd"],
  ["buildx", "buildx", ["build"], "./cmd/buildx"],
  ["buildx.test", "buildx", ["test", "-c"], "./tests"],
];

/**
 * Builds the programs of the given repositories from vendored modules, without a network.
 * `withPeer` includes BuildKit's own daemon.
 */
export function buildPrograms(work, go, sources, withPeer) {
  const bin = join(work, "bin");
  mkdirSync(bin, { recursive: true });
  const env = {
    ...process.env,
    CGO_ENABLED: "0",
    GOCACHE: join(work, "gocache"),
    GOFLAGS: "-mod=vendor -p=1",
    GOPATH: join(work, "gopath"),
    GOPROXY: "off",
    GOTOOLCHAIN: "local",
  };
  for (const [name, repository, action, path] of PROGRAMS) {
    const source = sources[repository];
    const target = join(bin, name);
    if (source === undefined || (name === "buildkitd.real" && !withPeer) || isFile(target)) continue;
    process.stderr.write(`building ${name}\n`);
    run("nice", [go, ...action, "-o", target, path], { cwd: source, env });
  }
  return bin;
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}
