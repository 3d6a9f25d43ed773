import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";
import test, { type ExecutionContext } from "ava";
import { roadTo } from "../../../solver/buildkit/address/connect.js";
import { parseBuilders } from "../../../solver/buildkit/address/parse-address.js";
import { Builder } from "../../../solver/buildkit/builder.js";
import { serve, single } from "../../../solver/buildkit/grpc/server.js";
import { LIST_WORKERS } from "../../../solver/buildkit/messages/control.js";
import { makeCertificates } from "../../support/servers/certificates.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { temporaryDirectory } from "../../support/images/images.js";

const METHODS = [single(LIST_WORKERS, async () => ({ record: [{ ID: "w" }] }))];
const openssl = requires(withoutProgram("openssl"));

function directory(t: ExecutionContext): string {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  return path;
}

async function connectTo(t: ExecutionContext, text: string, env = {}): Promise<Builder> {
  const { builders } = parseBuilders(text, env);
  const builder = await Builder.connect(builders, new AbortController().signal, () => undefined);
  t.teardown(() => builder[Symbol.dispose]());
  return builder;
}

function listening<S extends { listen(at: number | string, done: () => void): unknown; close(): unknown }>(
  t: ExecutionContext,
  server: S,
  at: number | string,
): Promise<S> {
  t.teardown(() => server.close());
  return new Promise((resolve) => server.listen(at, () => resolve(server)));
}

const portOf = (server: { address(): unknown }): number => (server.address() as { readonly port: number }).port;

test("TCP on this machine needs no certificates", async (t) => {
  const server = await listening(
    t,
    createServer((socket) => void serve(socket, METHODS)),
    0,
  );
  const { workers, road } = await connectTo(t, `tcp://localhost:${portOf(server)}`);
  t.deepEqual(
    workers.map(({ ID }) => ID),
    ["w"],
  );
  t.false(road.near);
});

openssl("mutual TLS: both sides prove themselves; an unknown authority and a missing certificate are refused", async (t) => {
  const path = directory(t);
  const file = makeCertificates(path);
  const tls = createTls(
    {
      key: readFileSync(file("server.key")),
      cert: readFileSync(file("server.pem")),
      ca: readFileSync(file("ca.pem")),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["h2"],
    },
    (socket) => void serve(socket, METHODS),
  );
  tls.on("tlsClientError", () => undefined);
  const at = `tcp://localhost:${portOf(await listening(t, tls, 0))}`;
  const own = `cert=${file("client.pem")},key=${file("client.key")}`;
  t.is((await connectTo(t, `${at},ca=${file("ca.pem")},${own}`)).workers.length, 1);
  await t.throwsAsync(connectTo(t, `${at},ca=${file("other.pem")},${own}`), { code: "builder/unreachable" });
  await t.throwsAsync(connectTo(t, `${at},ca=${file("ca.pem")},${own},servername=elsewhere`), {
    code: "builder/unreachable",
    message: /elsewhere/,
  });
  await t.throwsAsync(connectTo(t, `${at},ca=${file("ca.pem")}`), { code: "builder/lost" });
  await t.throwsAsync(connectTo(t, `${at},ca=${file("none.pem")}`), { code: "builder/address", message: /none\.pem/ });
});

/** Makes programs that stand in for those that lead to a builder, and returns where they are. */
function programs(t: ExecutionContext, texts: Readonly<Record<string, string>>): string {
  const bin = join(directory(t), "bin");
  mkdirSync(bin);
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

test.serial("programs lead to builders by their standard streams; their last words are the reason when they fail", async (t) => {
  const path = directory(t);
  const socket = join(path, "s");
  await listening(
    t,
    createServer((one) => void serve(one, METHODS)),
    socket,
  );
  const relay = join(path, "relay.cjs");
  writeFileSync(
    relay,
    `const s = require("node:net").connect(${JSON.stringify(socket)}); process.stdin.pipe(s).pipe(process.stdout); require("node:fs").writeFileSync(process.argv[2], process.argv.slice(3).join(" "));`,
  );
  const seen = join(path, "seen");
  const leads = `exec ${process.execPath} ${relay} ${seen} "$@"`;
  const before = process.env["PATH"];
  t.teardown(() => {
    process.env["PATH"] = before;
  });
  process.env["PATH"] =
    `${programs(t, { docker: leads, kubectl: leads, ssh: leads, podman: "echo no such container >&2; exit 125" })}:${before}`;
  const { readFileSync } = await import("node:fs");
  for (const [address, words] of [
    ["docker-container://b0", "exec -i b0 buildctl dial-stdio"],
    ["kube-pod://p", "exec -i p -- buildctl dial-stdio"],
    ["ssh://me@h", "-l me -- h buildctl dial-stdio"],
  ] as const) {
    t.is((await connectTo(t, address)).workers.length, 1);
    t.is(readFileSync(seen, "utf8"), words);
  }
  await t.throwsAsync(connectTo(t, "podman-container://b0"), { message: /podman ended with status 125: no such container/ });
  process.env["PATH"] = programs(t, {});
  await t.throwsAsync(connectTo(t, "docker-container://b0"), { code: "builder/unreachable", message: /docker is not in PATH/ });
});

test("an engine is asked to speak gRPC; one that does not is unreachable", async (t) => {
  const path = directory(t);
  const upgrading = createHttp();
  const asked: string[] = [];
  upgrading.on("upgrade", (request, one: Socket) => {
    asked.push(`${request.method} ${request.url} ${request.headers["upgrade"]}`);
    one.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    serve(one, METHODS);
  });
  await listening(t, upgrading, join(path, "engine"));
  t.is((await connectTo(t, `docker://${join(path, "engine")}`)).workers.length, 1);
  t.deepEqual(asked, ["POST /grpc h2c"]);
  await listening(
    t,
    createHttp((_request, response) => void response.writeHead(404).end()),
    join(path, "old"),
  );
  await t.throwsAsync(connectTo(t, `docker://${join(path, "old")}`), {
    code: "builder/unreachable",
    message: /POST \/grpc with the status 404/,
  });
  await t.throwsAsync(connectTo(t, `docker://${join(path, "none")}`), { code: "builder/unreachable" });
});

test("an abort ends the wait for a connection", async (t) => {
  const path = directory(t);
  const silent = createServer();
  await listening(t, silent, join(path, "s"));
  const abort = new AbortController();
  silent.on("connection", () => abort.abort());
  const road = roadTo(parseBuilders(`docker://${join(path, "s")}`, {}).builders[0] as never);
  await t.throwsAsync(road.control(abort.signal), { code: "build/canceled" });
});

for (const [host, place] of [
  ["unix:///run/engine.sock", "/run/engine.sock"],
  ["tcp://127.0.0.1:2375", "127.0.0.1:2375"],
  ["ssh://me@h", "ssh -l me -- h docker system dial-stdio"],
] as const)
  test(`messages say where docker:// leads: ${host}`, (t) => {
    const [address] = parseBuilders("docker://", { DOCKER_HOST: host }).builders;
    t.is(roadTo(address as never).name, `docker:// (${place})`);
  });
