import { execFile } from "node:child_process";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../../core/digest.js";
import { flock } from "../../../core/system/posix.js";
import { probe } from "../../../executor-native/probe.js";
import { hasRegistry, type RealRegistry, startRegistry } from "../servers/registry.js";
import { noCredentials } from "../no-credentials.js";
import { until } from "../until.js";

const run = promisify(execFile);

const BUSYBOX = "/bin/busybox";

/**
 * Returns the program that {@link startBusyboxRegistry} needs and this machine lacks; undefined
 * when it can work.
 */
export function missingForBusybox(): string | undefined {
  if (!existsSync(BUSYBOX)) return "busybox-static";
  if (!hasRegistry) return "docker-registry";
  return existsSync("/usr/bin/skopeo") ? undefined : "skopeo";
}

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n";
const GROUP = "root:x:0:\nwww-data:x:33:app\nstaff:x:50:app\napp:x:1000:\n";

/**
 * Makes an OCI layout in `directory` whose one image is a root filesystem made of busybox: every
 * applet a symlink, the users root, www-data (33) and app (1000, also in the groups 33 and 50).
 * Uses the system's tar, so that no code under test takes part.
 */
export async function makeBusyboxLayout(directory: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-busybox-"));
  try {
    for (const name of ["bin", "dev", "etc", "home/app", "proc", "root", "sys", "tmp", "usr/bin", "var/www"])
      mkdirSync(join(root, name), { recursive: true });
    chmodSync(join(root, "tmp"), 0o1777);
    cpSync(BUSYBOX, join(root, "bin/busybox"), { dereference: true });
    const { stdout } = await run(BUSYBOX, ["--list"]);
    for (const applet of stdout.split("\n")) if (applet && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
    writeFileSync(join(root, "etc/passwd"), PASSWD);
    writeFileSync(join(root, "etc/group"), GROUP);
    const tar = join(root, "..", `${root.slice(root.lastIndexOf("/") + 1)}.tar`);
    try {
      const options = ["--sort=name", "--mtime=@1700000000", "--owner=0", "--group=0", "--numeric-owner", "--format=pax"];
      const pax = "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime";
      await run("tar", [...options, pax, "-C", root, "-cf", tar, "bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"]);
      writeLayout(directory, readFileSync(tar), "busybox", "PATH=/usr/local/bin:/usr/bin:/bin");
    } finally {
      rmSync(tar, { force: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Writes an OCI layout of one image, `latest`, with this uncompressed tar as its only layer. */
function writeLayout(directory: string, layer: Buffer, createdBy: string, env: string): void {
  const put = (data: string | Buffer) => {
    const digest = sha256(data);
    writeFileSync(join(directory, "blobs/sha256", digest.slice("sha256:".length)), data);
    return { digest, size: Buffer.byteLength(data) };
  };
  mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  const blob = put(gzipSync(layer, { level: 1 }));
  const config = put(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      created: "2023-11-14T22:13:20Z",
      config: { Env: [env], Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
      history: [{ created: "2023-11-14T22:13:20Z", created_by: createdBy }],
    }),
  );
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...blob }],
    }),
  );
  const descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest };
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }));
}

/** Returns the program that {@link debianLayout} needs and this machine lacks. */
export function missingForDebian(): string | undefined {
  return missingForBusybox() ?? (existsSync("/usr/bin/mmdebstrap") ? undefined : "mmdebstrap");
}

const MIRROR = "http://deb.debian.org/debian";

/**
 * Returns the reason where Debian's mirror does not answer, where `TSBUILD_TEST_OFFLINE` forbids
 * requests, or where nobody can unpack Debian: mmdebstrap needs root or user namespaces.
 */
export async function withoutMirror(): Promise<string | undefined> {
  if (process.env["TSBUILD_TEST_OFFLINE"] !== undefined) return "TSBUILD_TEST_OFFLINE is set";
  if (process.geteuid?.() !== 0 && !probe().ok) return "mmdebstrap needs root or user namespaces";
  // apt knows the proxies of this machine, which fetch does not.
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-mirror-"));
  try {
    // A file of our own: to /dev/null it answers with an error, whatever the mirror says.
    const ask = ["download-file", `${MIRROR}/dists/bookworm/Release`, join(directory, "Release")];
    const answered = await run("/usr/lib/apt/apt-helper", ask).catch(() => undefined);
    return answered === undefined ? "Debian's mirror cannot be reached" : undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let making: Promise<string> | undefined;

/**
 * Makes an OCI layout of a small Debian with apt, by mmdebstrap from the network: the directory, in
 * a cache that outlives the test (`$TSBUILD_TEST_CACHE`, default `$HOME/.cache/tsbuild-test`),
 * because it takes a while. Concurrent tests and processes share it.
 */
export function debianLayout(): Promise<string> {
  return (making ??= makeDebianLayout());
}

async function makeDebianLayout(): Promise<string> {
  const cache = process.env["TSBUILD_TEST_CACHE"] ?? join(homedir(), ".cache", "tsbuild-test");
  const directory = join(cache, `debian-${process.arch}`);
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  const lock = openSync(join(cache, "making.lock"), "a");
  try {
    // Note that we wait without a limit, because on a busy machine it takes minutes.
    for (let taken = false; !taken; ) taken = await until(() => flock(lock, "exclusive"));
    if (!existsSync(directory)) await bootstrapDebian(cache, directory);
  } finally {
    closeSync(lock);
  }
  return directory;
}

async function bootstrapDebian(cache: string, directory: string): Promise<void> {
  const making = mkdtempSync(join(cache, "making-"));
  try {
    const tar = join(making, "root.tar");
    const options = ["--variant=apt", '--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=path-exclude=/usr/share/doc/*"];
    await run("mmdebstrap", [...options, "bookworm", tar, MIRROR], { maxBuffer: 64 << 20 });
    writeLayout(
      join(making, "layout"),
      readFileSync(tar),
      "mmdebstrap",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    );
    renameSync(join(making, "layout"), directory);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Pushes a layout's image `latest` to `HOST/name:latest`, over plain HTTP. */
export async function pushLayout(directory: string, name: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "tsbuild-skopeo-"));
  const args = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", `oci:${directory}:latest`, `docker://${name}:latest`];
  try {
    await run("skopeo", args, { env: noCredentials(home) });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Starts a registry on loopback that has `busybox:latest`. */
export async function startBusyboxRegistry(): Promise<RealRegistry> {
  const registry = await startRegistry();
  const layout = mkdtempSync(join(tmpdir(), "tsbuild-base-"));
  try {
    await makeBusyboxLayout(layout);
    await pushLayout(layout, `${registry.host}/busybox`);
    return registry;
  } catch (error) {
    await registry.stop();
    throw error;
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}
