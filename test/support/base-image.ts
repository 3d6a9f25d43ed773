import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, chmodSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../core/digest.js";

const run = promisify(execFile);

const BUSYBOX = "/bin/busybox";

/** What {@link makeBusyboxLayout} needs and this machine lacks; undefined when it can work. */
export function missingForBusybox(): string | undefined {
  if (!existsSync(BUSYBOX)) return "busybox (static)";
  return existsSync("/usr/bin/skopeo") ? undefined : "skopeo";
}

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n";
const GROUP = "root:x:0:\nwww-data:x:33:app\nstaff:x:50:app\napp:x:1000:\n";

/**
 * An OCI layout in `directory` whose one image is a root filesystem made of busybox: every applet a symlink, the users root, www-data (33) and
 * app (1000, also in the groups 33 and 50). Made with the system's tar, so that nothing under test has a hand in it.
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
      writeLayout(directory, readFileSync(tar));
    } finally {
      rmSync(tar, { force: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeLayout(directory: string, layer: Buffer): void {
  const put = (data: string | Buffer) => {
    const digest = sha256(data);
    const path = join(directory, "blobs/sha256", digest.slice("sha256:".length));
    writeFileSync(path, data);
    return { digest, size: statSync(path).size };
  };
  mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  const blob = put(gzipSync(layer, { level: 1 }));
  const config = put(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      created: "2023-11-14T22:13:20Z",
      config: { Env: ["PATH=/usr/local/bin:/usr/bin:/bin"], Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
      history: [{ created: "2023-11-14T22:13:20Z", created_by: "busybox" }],
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

/** Pushes a layout's image `latest` to `HOST/name:latest`, over plain HTTP. */
export async function pushLayout(directory: string, name: string): Promise<void> {
  const args = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", `oci:${directory}:latest`, `docker://${name}:latest`];
  await run("skopeo", args, { env: { ...process.env, HOME: directory, XDG_RUNTIME_DIR: directory } });
}
