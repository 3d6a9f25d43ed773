import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ABSTRACT, GATEWAY, MATRIX, PORTS } from "./matrix.js";
import type { Built, MachineReport } from "./report.js";

/**
 * A machine with an internet of its own: two network namespaces and a link between them. Started in
 * a new network and mount namespace, as root of it. Arguments: a directory, the command, a context
 * with the probe. Prints a report as JSON.
 */
const [directory, cli, context] = process.argv.slice(2) as [string, string, string];

const ip = (...args: readonly string[]): void => void execFileSync("ip", args);

async function startInternet(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("internet-main.js", import.meta.url));
  const up = 'ip link set lo up && exec "$@"';
  const child = spawn("unshare", ["--net", "sh", "-c", up, "sh", process.execPath, script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const inside = (...args: readonly string[]): void => void execFileSync("nsenter", [`--net=/proc/${child.pid}/ns/net`, "ip", ...args]);
  ip("link", "set", "lo", "up");
  ip("link", "add", "outer", "type", "veth", "peer", "name", "inner", "netns", String(child.pid));
  inside("link", "set", "inner", "up");
  ip("link", "set", "outer", "up");
  inside("addr", "add", "203.0.113.1/24", "dev", "inner");
  inside("addr", "add", "2001:db8::1/64", "dev", "inner", "nodad");
  for (const address of ["198.51.100.7/32", "169.254.169.254/32", "100.100.100.200/32"]) inside("addr", "add", address, "dev", "lo");
  for (const address of ["2001:db8:7::7/128", "fd00:ec2::254/128"]) inside("addr", "add", address, "dev", "lo", "nodad");
  ip("addr", "add", "203.0.113.2/24", "dev", "outer");
  ip("addr", "add", "2001:db8::2/64", "dev", "outer", "nodad");
  ip("route", "add", "default", "via", "203.0.113.1");
  ip("-6", "route", "add", "default", "via", "2001:db8::1");
  return child;
}

/** Connections and datagrams that have arrived at the loopback of this machine. */
let arrived = 0;

/** Starts services that answer with "host", and a resolver that answers with the question. */
async function startServices(): Promise<void> {
  const service = (): ReturnType<typeof createServer> => createServer((socket) => void socket.on("error", () => undefined).end("host"));
  const counting = () => service().on("connection", () => (arrived += 1));
  const silent = createSocket("udp4").on("message", () => (arrived += 1));
  const echo = createServer((socket) => void socket.on("error", () => undefined).pipe(socket));
  const datagrams = createSocket("udp4");
  datagrams.on("message", (message, { port, address }) => datagrams.send(message, port, address));
  await Promise.all([
    once(counting().listen(PORTS.loopback, "127.0.0.1"), "listening"),
    once(counting().listen(PORTS.loopback, "::1"), "listening"),
    once(silent.bind(PORTS.loopback, "127.0.0.1"), "listening"),
    once(service().listen(PORTS.everywhere, "0.0.0.0"), "listening"),
    once(counting().listen(`\0${ABSTRACT}`), "listening"),
    once(echo.listen(53, "127.0.0.53"), "listening"),
    once(datagrams.bind(53, "127.0.0.53"), "listening"),
  ]);
  const resolvers = join(directory, "resolv.conf");
  writeFileSync(resolvers, "search example.test\nnameserver 127.0.0.53\n");
  execFileSync("mount", ["--bind", resolvers, "/etc/resolv.conf"]);
}

/** Returns a PATH with these programs and what builds need. */
function pathWith(name: string, programs: Readonly<Record<string, string>>): string {
  const folder = join(directory, name);
  mkdirSync(folder);
  for (const [program, text] of Object.entries({ ...programs, newuidmap: "/usr/bin/newuidmap", newgidmap: "/usr/bin/newgidmap" })) {
    const file = join(folder, program);
    if (text.startsWith("/")) symlinkSync(text, file);
    else {
      writeFileSync(file, text);
      chmodSync(file, 0o755);
    }
  }
  return folder;
}

/** Builds a step for each of `networks`, which makes all attempts. */
async function build(path: string, args: readonly string[], networks: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Built> {
  const probes = JSON.stringify(["/probe", ...MATRIX.map(([probe]) => probe)]);
  const steps = networks.map((network) => `RUN --network=${network} ${probes}\n`).join("");
  writeFileSync(join(context, "Dockerfile"), `FROM scratch\nCOPY probe /probe\n${steps}`);
  const child = spawn(
    process.execPath,
    [
      cli,
      "build",
      "--no-cache",
      "--progress=plain",
      "-o",
      "type=cacheonly",
      "--allow=network.host",
      "--add-host",
      `${GATEWAY}:host-gateway`,
      ...args,
      context,
    ],
    {
      env: { PATH: path, HOME: directory, TMPDIR: directory, TSBUILD_ROOT: join(directory, "store"), ...env },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let text = "";
  const before = arrived;
  child.stderr.setEncoding("utf8").on("data", (data: string) => (text += data));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text, arrived: arrived - before };
}

const internet = await startInternet();
try {
  await startServices();
  const failing = "#!/bin/sh\necho no luck today >&2\nexit 3\n";
  const report: MachineReport = {
    pasta: await build(pathWith("pasta", { pasta: "/usr/bin/pasta" }), [], ["default", "none", "host"]),
    slirp4netns: await build(pathWith("slirp", { slirp4netns: "/usr/bin/slirp4netns" }), ["--network=private"], ["default"]),
    without: await build(pathWith("nothing", {}), [], ["default", "default"]),
    withoutPrivate: await build(join(directory, "nothing"), ["--network=private"], ["default"]),
    failing: await build(pathWith("failing", { pasta: failing }), [], ["default"], { TSBUILD_NETWORK: "private" }),
    second: await build(pathWith("second", { pasta: failing, slirp4netns: "/usr/bin/slirp4netns" }), [], ["default"]),
    told: await build(join(directory, "pasta"), [], ["default"], { TSBUILD_NETWORK: "host" }),
    left: spawnSync("pgrep", ["--ns", String(process.pid), "--nslist", "net", "-f", "slirp4netns|pasta"], { encoding: "utf8" }).stdout,
  };
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
} finally {
  internet.kill();
}
