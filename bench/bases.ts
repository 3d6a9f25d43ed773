import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
  closeSync,
  rmSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { run } from "./shell.js";

/** A registry on loopback that ends with the benchmark. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  close(): void;
}

export async function startRegistry(work: string): Promise<Registry> {
  const port = await freePort();
  const config = join(work, "registry.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(work, "registry")}}}\nhttp: {addr: 127.0.0.1:${port}}\n`,
  );
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore", env: { ...process.env, OTEL_TRACES_EXPORTER: "none" } });
  let failure: string | undefined;
  child.on("error", (error) => (failure = error.message));
  child.on("exit", (code) => (failure = `it ended with ${code}`));
  for (let tries = 0; !(await reachable(port)); tries++) {
    if (failure !== undefined || tries > 100) throw new Error(`Cannot start docker-registry: ${failure ?? "it does not answer"}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return { host: `127.0.0.1:${port}`, close: () => void child.kill() };
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

function reachable(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
}

/** Applets that the workloads use. */
const APPLETS = ["sh", "cat", "echo", "ls", "mkdir", "sleep", "true", "dd", "wc"];

/**
 * Makes a base image of a static busybox and `megabytes` of generated files, and pushes it to the
 * registry. Data is half random, half text, which compresses like programs do. Returns its
 * reference.
 */
export async function pushBase(registry: Registry, work: string, megabytes: number): Promise<string> {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (!busybox) throw new Error("Cannot make base images: install busybox-static");
  const tree = join(work, `base-${megabytes}`);
  mkdirSync(join(tree, "bin"), { recursive: true });
  mkdirSync(join(tree, "tmp"), { recursive: true });
  copyFileSync(busybox, join(tree, "bin", "busybox"));
  chmodSync(join(tree, "bin", "busybox"), 0o755);
  for (const applet of APPLETS) if (!existsSync(join(tree, "bin", applet))) symlinkSync("busybox", join(tree, "bin", applet));
  for (let i = 0; i < megabytes * 4; i++) {
    const directory = join(tree, "usr", "share", `d${i % 50}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `f${i}`), mixed(256 * 1024));
  }
  const ref = `${registry.host}/bench/base:${megabytes}`;
  await pushTree(tree, ref, registry, work);
  rmSync(tree, { recursive: true, force: true });
  return ref;
}

/**
 * Puts a tree into the registry as an image of one gzip layer, over the distribution API, without
 * any builder.
 */
async function pushTree(tree: string, ref: string, registry: Registry, work: string): Promise<void> {
  const tar = join(work, "base.tar");
  await run(["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "-cf", tar, "-C", tree, "."]);
  const { stdout } = await run(["sha256sum", tar]);
  const diffId = `sha256:${stdout.slice(0, 64)}`;
  await run(["gzip", "-n", "-6", "-f", tar]);
  const repository = ref.slice(registry.host.length + 1).replace(/:[^:]*$/, "");
  const layer = await pushBlob(registry, repository, { file: `${tar}.gz` });
  const architecture = { x64: "amd64" }[process.arch as string] ?? process.arch;
  const config = await pushBlob(registry, repository, {
    text: JSON.stringify({
      architecture,
      os: "linux",
      config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"] },
      rootfs: { type: "layers", diff_ids: [diffId] },
      history: [{ created_by: "benchmark" }],
    }),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer }],
  });
  const tag = ref.slice(ref.lastIndexOf(":") + 1);
  const answer = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    body: manifest,
  });
  if (!answer.ok) throw new Error(`Cannot push ${ref}: ${answer.status} ${await answer.text()}`);
  rmSync(`${tar}.gz`, { force: true });
}

async function pushBlob(registry: Registry, repository: string, source: { readonly file: string } | { readonly text: string }) {
  const { readFileSync } = await import("node:fs");
  const bytes = "file" in source ? readFileSync(source.file) : Buffer.from(source.text);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const started = await fetch(`http://${registry.host}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("location") ?? "", `http://${registry.host}`);
  location.searchParams.set("digest", digest);
  const answer = await fetch(location, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(bytes),
  });
  if (!answer.ok) throw new Error(`Cannot push a blob: ${answer.status} ${await answer.text()}`);
  return { digest, size: bytes.length };
}

/** Returns bytes that compress to about half. */
export function mixed(size: number): Buffer {
  const random = randomBytes(Math.ceil(size / 2));
  return Buffer.concat([random, Buffer.alloc(size - random.length, "the quick brown fox jumps over the lazy dog\n")]);
}

/** Writes a file of `size` bytes of {@link mixed} data, in pieces. */
export function writeMixed(path: string, size: number): void {
  const fd = openSync(path, "w");
  try {
    for (let left = size; left > 0; left -= 1 << 20) writeSync(fd, mixed(Math.min(left, 1 << 20)));
  } finally {
    closeSync(fd);
  }
}
