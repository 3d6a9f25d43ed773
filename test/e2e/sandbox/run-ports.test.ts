import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { sha256 } from "../../../core/digest.js";
import { packageRoot } from "../../../core/package-root.js";
import { requires, withoutNamespaces, withoutOwnNetwork, withoutProgram } from "../../support/requires.js";
import { withRig } from "../../support/images/busybox-suite.js";
import type { Rig, Running } from "../../support/rigs/rig.js";

// `tsbuild run --publish`: ports of the command at this machine's.

const { serial } = requires(withoutNamespaces(), withoutProgram("gcc"), withoutOwnNetwork());

async function withEcho(body: (rig: Rig) => Promise<void>): Promise<void> {
  await withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: 'FROM scratch\nCOPY echo /echo\nEXPOSE 81 82/udp\nCMD ["/echo"]\n' });
    const source = join(packageRoot(), "test/e2e/sandbox/echo.c");
    const { status, stderr } = spawnSync("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", join(context, "echo"), source]);
    if (status !== 0) throw new Error(`The server cannot be compiled:\n${String(stderr)}`);
    await rig.cli(["-t", "echo", "-q", context]);
    await body(rig);
  });
}

/** Starts the server. Returns the ports of this machine in the order of its own. */
async function started(rig: Rig, args: readonly string[]): Promise<{ readonly server: Running; readonly ports: readonly number[] }> {
  const server = rig.start(["run", "-q", ...args, "echo"]);
  let shown = "";
  server.process.stderr?.on("data", (data: Buffer) => (shown += data.toString()));
  await server.shows(/up/);
  const found = [...shown.matchAll(/:(\d+) -> (\d+)\//g)].toSorted((a, b) => Number(a[2]) - Number(b[2]));
  return { server, ports: found.map(([, port]) => Number(port)) };
}

/** Sends bytes, ends, and returns what comes back. */
async function echoed(port: number, bytes: Buffer, host = "127.0.0.1"): Promise<Buffer> {
  const socket = connect(port, host);
  socket.end(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function datagram(port: number, text: string): Promise<string> {
  const socket = createSocket("udp4");
  try {
    socket.send(text, port, "127.0.0.1");
    const [answer] = (await once(socket, "message")) as [Buffer];
    return answer.toString();
  } finally {
    socket.close();
  }
}

async function failure(port: number): Promise<string | undefined> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "close");
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

serial("run: published ports carry connections and datagrams, whole and both ways", (t) =>
  withEcho(async (rig) => {
    const { server, ports } = await started(rig, ["-P"]);
    const [streams = 0, datagrams = 0] = ports;
    const large = Buffer.alloc(24 << 20, "0123456789abcdef-");
    t.is(sha256(await echoed(streams, large)), sha256(large), "more than all buffers on the way, and the end passed on");
    const many = await Promise.all(Array.from({ length: 100 }, (_, index) => echoed(streams, Buffer.from(`connection ${index}`))));
    t.is(many.filter((bytes, index) => bytes.toString() === `connection ${index}`).length, 100);
    t.deepEqual(await Promise.all(["a", "b", "c"].map((text) => datagram(datagrams, text))), ["a", "b", "c"]);
    server.process.kill("SIGTERM");
    t.is((await server.ended).code, 143);
    t.is(await failure(streams), "ECONNREFUSED", "a port ends with its command");
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("run: a published port leads to that port alone", (t) =>
  withEcho(async (rig) => {
    const { server, ports } = await started(rig, ["-p", "81", "-p", "84"]);
    const [streams = 0, nobody = 0] = ports;
    t.is((await echoed(streams, Buffer.from("x"))).toString(), "x");
    t.is(await failure(nobody), "ECONNRESET", "nobody listens inside");
    const holder = spawnSync("pgrep", ["-P", String(server.process.pid), "-f", "tsbuild-sandbox publish"])
      .stdout.toString()
      .trim();
    t.regex(holder, /^\d+$/, "one process forwards");
    for (const own of ["81", "83"]) t.is(await failure(Number(own)), "ECONNREFUSED", "ports of the command are none of this machine's");
    server.interrupt();
    await server.ended;
  }),
);

serial("run: a port that is taken, and a network without ports, are refused before anything runs", (t) =>
  withEcho(async (rig) => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    try {
      const refused = await rig.cli(["run", "-q", "-p", `${port}:81`, "echo"]);
      t.deepEqual([refused.code, refused.stdout.toString()], [125, ""], refused.stderr);
      t.regex(refused.stderr, new RegExp(`error\\[run/publish\\]: Cannot listen on port ${port}/tcp at 127.0.0.1,::1 .*in use`));
      const free = rig.start(["run", "-q", "-p", `127.0.0.1:${port}-${port + 50}:81`, "echo"]);
      await free.shows(new RegExp(`127.0.0.1:(?!${port} )\\d+ -> 81/tcp`));
      free.interrupt();
      await free.ended;
    } finally {
      taken.close();
    }
    const host = await rig.cli(["run", "-q", "--network", "host", "-p", "81", "echo"]);
    t.is(host.code, 125);
    t.regex(host.stderr, /error\[run\/publish\]: Cannot publish ports of the command: it has this machine's network/);
    const none = await rig.cli(["run", "-q", "--network", "none", "-p", "81", "echo"]);
    t.is(none.code, 2, none.stderr);
    const without = await rig.cli(["run", "-q", "-p", "81", "echo"], { env: { PATH: "/nowhere" } });
    t.is(without.code, 125);
    t.regex(without.stderr, /steps share the host's network: neither pasta nor slirp4netns is in PATH\. Install pasta/);
  }),
);
