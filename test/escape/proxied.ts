import { join } from "node:path";
import type { ProxyPlace } from "../../executor-native/contract.js";
import { isUnreachable } from "../../executor-native/network/plan.js";
import { TsbuildError } from "../../core/errors.js";
import { Connections } from "../../net/connections.js";
import { isMachineLocal } from "../../net/proxy.js";
import { EphemeralAuthority } from "../../net/recording/authority.js";
import { RecordingProxy } from "../../net/recording/recording-proxy.js";
import { downloadFailures } from "../../solver/remote/errors.js";
import type { SandboxRig } from "../support/rigs/sandbox-rig.js";

/** An attempt by the bytes that a step sends to its proxy, and the status that it gets. */
interface ProxiedRow {
  readonly name: string;
  /** Text of the request, in which `@` is the port of a service on the machine's loopback. */
  readonly text: string;
  readonly answer: string;
}

/** Proxy of an attempt, and the way in which a step asks it. */
interface AttemptProxy {
  readonly place: ProxyPlace;
  /** Sends bytes from a step, and returns the status of the answer, or what failed. */
  readonly ask: (text: string) => Promise<string>;
}

const PORT = 29_128;

const get = (address: string): string => `GET ${address} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n`;
const tunnel = (server: string): string => `CONNECT ${server} HTTP/1.1\r\nHost: web.example\r\n\r\n`;

const LOOPBACK = ["127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f000001", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::]"];
const METADATA = [
  "169.254.169.254",
  "0xa9fea9fe",
  "[::ffff:a9fe:a9fe]",
  "100.100.100.200",
  "168.63.129.16",
  "[fd00:ec2::254]",
  "[fe80::a9fe:a9fe]",
];

export const proxied: readonly ProxiedRow[] = [
  ...LOOPBACK.map((host) => ({ name: `the machine's loopback as ${host}`, text: get(`http://${host}:@/`), answer: "403" })),
  ...METADATA.map((host) => ({ name: `metadata at ${host}`, text: get(`http://${host}/latest`), answer: "403" })),
  ...["127.0.0.1:@", "[::1]:@", "169.254.169.254:443", "192.0.2.1:22", "192.0.2.1:25"].map((server) => ({
    name: `a tunnel to ${server}`,
    text: tunnel(server),
    answer: "403",
  })),
  { name: "an address that only the header has", text: get("/").replace("web.example", "127.0.0.1:@"), answer: "400" },
  { name: "another address in the header", text: get("http://127.0.0.1:@/"), answer: "403" },
  { name: "a file of the machine", text: get("file:///etc/passwd"), answer: "400" },
  { name: "a header in an address", text: get("http://127.0.0.1:@/ HTTP/1.1\r\nHost: x\r\n\r\nGET http://127.0.0.1:@/"), answer: "403" },
  { name: "a header in a header", text: get("http://192.0.2.1/").replace("close", "close\rX: y"), answer: "400" },
];

/** Calls `use` with a proxy that a step of the rig can have. */
export async function withProxy(rig: SandboxRig, use: (proxy: AttemptProxy) => Promise<void>): Promise<void> {
  const connections = new Connections({ env: {}, certificateDirectories: [], failures: downloadFailures });
  const directory = rig.directory("proxy");
  const place = { directory, socket: "socket", port: PORT };
  const refuses = (address: string): boolean => isMachineLocal(address) || isUnreachable(address);
  const proxy = await RecordingProxy.listen(join(directory, place.socket), {
    authority: new EphemeralAuthority(),
    egress: { connections, refuses },
  });
  const ask = async (text: string): Promise<string> => {
    const bytes = text.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
    try {
      const { out } = await rig.run(`mkfifo /pipe; exec 3<>/pipe; printf '${bytes}' >&3; nc 127.0.0.1 ${PORT} <&3`, {
        network: "proxy",
        proxy: place,
      });
      return /^HTTP\/1\.1 (\d+)/.exec(out)?.[1] ?? out;
    } catch (error) {
      // Without namespaces no step begins.
      if (error instanceof TsbuildError && rig.worker.tier !== "namespaces") return error.code;
      throw error;
    }
  };
  try {
    await use({ place, ask });
  } finally {
    await proxy[Symbol.asyncDispose]();
    connections.close();
  }
}
