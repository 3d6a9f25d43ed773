import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import { readRegularFile } from "../../../core/system/regular-file.js";
import { LayoutDirectory } from "../../../oci/layout/directory.js";
import { Connections } from "../../../net/connections.js";
import { readDockerConfig } from "../../../oci/registry/docker-config.js";
import { registryFailures } from "../../../oci/registry/errors.js";

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "tsbuild-regular-file-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Makes a pipe without a writer: opening it as a file would wait for ever. */
function pipe(directory: string, name: string): string {
  const path = join(directory, name);
  execFileSync("mkfifo", [path]);
  return path;
}

test("readRegularFile() reads a file, and waits for nothing else", (t) => {
  const root = directory(t);
  writeFileSync(join(root, "file"), "0123456789");
  t.is(readRegularFile(join(root, "file"), 10).toString(), "0123456789");
  t.throws(() => readRegularFile(join(root, "file"), 9), { message: "it has more than 9 bytes" });
  t.throws(() => readRegularFile(pipe(root, "pipe"), 10), { message: "it is a pipe" });
  t.throws(() => readRegularFile("/dev/zero", 10), { message: "it is a device" });
  t.throws(() => readRegularFile(root, 10), { message: "it is a directory" });
  t.throws(() => readRegularFile(join(root, "none"), 10), { code: "ENOENT" });
  // A file that says that it is empty.
  t.regex(readRegularFile("/proc/self/status", 1 << 20).toString(), /^Name:/);
});

test("pipes in the place of docker's configuration, of certificates and of a layout's index are refused", async (t) => {
  const root = directory(t);
  t.throws(() => readDockerConfig(pipe(root, "config.json")), { code: "registry/config-invalid", message: /: it is a pipe$/ });
  pipe(root, "index.json");
  t.throws(() => new LayoutDirectory(root), { code: "layout/not-found", message: /: it is a pipe$/ });
  rmSync(join(root, "index.json"));
  writeFileSync(join(root, "index.json"), '{"schemaVersion": 2, "manifests": []}');
  const digest = sha256("a pipe");
  mkdirSync(join(root, "blobs", "sha256"), { recursive: true });
  execFileSync("mkfifo", [join(root, "blobs", digest.replace(":", "/"))]);
  t.throws(() => new LayoutDirectory(root).readSmall(digest), { instanceOf: TsbuildError });
  const connections = new Connections({
    env: { SSL_CERT_FILE: pipe(root, "ca.pem") },
    certificateDirectories: [],
    failures: registryFailures,
  });
  t.teardown(() => connections.close());
  await t.throwsAsync(connections.agent(new URL("https://example.com"), true), {
    code: "registry/certificate-invalid",
    message: /: it is a pipe$/,
  });
});
