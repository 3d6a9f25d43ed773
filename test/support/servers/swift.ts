import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { EMPTY_PAYLOAD, signRequest } from "../../../cache/remote/signature-v4.js";
import { freePort, type ServerProgram, startServer } from "./server-program.js";

/**
 * OpenStack Swift with its S3 protocol, which checks signatures: an object store that was not
 * written here.
 */
export interface SwiftS3 {
  readonly url: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

const KINDS = ["account", "container", "object"] as const;
const ACCESS = { accessKeyId: "test:tester", secretAccessKey: "testing" };
const REGION = "us-east-1";

/**
 * True when {@link startSwift} can work here (Debian's packages swift-proxy, swift-account,
 * swift-container, swift-object).
 */
export const hasSwift = [
  "/usr/bin/swift-proxy-server",
  ...KINDS.map((kind) => `/usr/bin/swift-${kind}-server`),
  "/etc/swift/swift.conf",
].every((path) => existsSync(path));

/** Starts its four servers on one empty device, and makes a bucket. */
export async function startSwift(): Promise<SwiftS3> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-swift-"));
  const servers: ServerProgram[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    mkdirSync(join(directory, "devices", "d1"), { recursive: true });
    for (const kind of KINDS) servers.push(await startStorage(directory, kind));
    const port = await freePort();
    const config = write(directory, "proxy", port, PROXY);
    servers.push(await startServer("/usr/bin/swift-proxy-server", [config], port));
    const url = `http://127.0.0.1:${port}`;
    await makeBucket(`${url}/cache`);
    return { url, bucket: "cache", region: REGION, ...ACCESS, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startStorage(directory: string, kind: (typeof KINDS)[number]): Promise<ServerProgram> {
  const port = await freePort();
  const ring = join(directory, `${kind}.builder`);
  for (const args of [["create", "4", "1", "1"], ["add", `r1z1-127.0.0.1:${port}/d1`, "1"], ["rebalance"]]) {
    const { status, stdout } = spawnSync("swift-ring-builder", [ring, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`swift-ring-builder ${args.join(" ")}: ${stdout}`);
  }
  const app = `[pipeline:main]\npipeline = ${kind}-server\n[app:${kind}-server]\nuse = egg:swift#${kind}\n`;
  return startServer(`/usr/bin/swift-${kind}-server`, [write(directory, kind, port, app)], port);
}

function write(directory: string, name: string, port: number, rest: string): string {
  const file = join(directory, `${name}-server.conf`);
  const general = {
    bind_ip: "127.0.0.1",
    bind_port: port,
    user: userInfo().username,
    swift_dir: directory,
    devices: join(directory, "devices"),
    recon_cache_path: directory,
    mount_check: "false",
    workers: 0,
  };
  writeFileSync(
    file,
    `[DEFAULT]\n${Object.entries(general)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join("")}${rest}`,
  );
  return file;
}

const PROXY = `[pipeline:main]
pipeline = catch_errors gatekeeper cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = ${REGION}
[filter:tempauth]
use = egg:swift#tempauth
user_${ACCESS.accessKeyId.replace(":", "_")} = ${ACCESS.secretAccessKey} .admin
`;

async function makeBucket(address: string): Promise<void> {
  const url = new URL(address);
  const headers = await signRequest({ method: "PUT", url, headers: {}, payload: EMPTY_PAYLOAD }, ACCESS, REGION, new Date());
  const answer = await fetch(url, { method: "PUT", headers });
  if (!answer.ok) throw new Error(`Swift made no bucket: ${answer.status} ${await answer.text()}`);
}
