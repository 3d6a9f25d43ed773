// The registry of stand-in images, and Docker Hub as the daemon under test sees it.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { run } from "./go-programs.mjs";

const PROGRAM = ["/usr/bin/docker-registry", "/usr/local/bin/registry", "/usr/bin/registry"].find((path) => existsSync(path));

/** Host that a name such as `busybox` leads to. */
const HUB = "registry-1.docker.io";

/** Makes `registry`, as the tests call the program, in a directory of `$PATH`. */
export function linkRegistry(bin) {
  if (PROGRAM === undefined) throw new Error("docker-registry is not installed");
  rmSync(join(bin, "registry"), { force: true });
  symlinkSync(PROGRAM, join(bin, "registry"));
}

/**
 * Starts a registry over the directory of the tests' mirror, with the configuration that the tests
 * would write themselves. Returns its host, and the function that ends it.
 */
export async function startMirror(directory) {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "config.yaml");
  writeFileSync(
    config,
    `version: 0.1\nloglevel: debug\nstorage:\n    filesystem:\n        rootdirectory: ${directory}/data\nhttp:\n    addr: 127.0.0.1:0\n`,
  );
  const env = { ...process.env, OTEL_TRACES_EXPORTER: "none" };
  // A file, because a pipe that nobody reads stops the registry while a program runs synchronously.
  const log = join(directory, "registry.log");
  const child = spawn(PROGRAM, ["serve", config], { stdio: ["ignore", "ignore", openSync(log, "w")], env });
  let ended = false;
  child.once("exit", () => (ended = true));
  let port;
  while (port === undefined) {
    if (ended) throw new Error(`the registry ended: ${readFileSync(log, "utf8")}`);
    await setTimeout(50);
    port = /listening on 127\.0\.0\.1:(\d+)/.exec(readFileSync(log, "utf8"))?.[1];
  }
  const host = `127.0.0.1:${port}`;
  return { host, stop: () => child.kill() };
}

/**
 * Starts a proxy for `HTTPS_PROXY` behind which Docker Hub is the mirror, and nothing else is
 * there. Returns the variables of a program that uses it.
 */
export async function startHub(work, mirror) {
  const directory = join(work, "hub");
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  if (!existsSync(certificate)) {
    mkdirSync(directory, { recursive: true });
    const subject = ["-subj", `/CN=${HUB}`, "-addext", `subjectAltName=DNS:${HUB}`];
    run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", key, "-out", certificate, ...subject]);
  }
  const hub = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, response) => {
    const [host, port] = mirror.split(":");
    const { method, url: path, headers } = incoming;
    const passed = request({ host, port, method, path, headers: { ...headers, host: mirror } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    incoming.pipe(passed);
  });
  const hubPort = await listening(hub);
  const proxy = createServer((_, response) => response.writeHead(403).end());
  proxy.on("connect", ({ url }, socket, head) => {
    if (url !== `${HUB}:443`) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const passed = connect(hubPort, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      passed.write(head);
      passed.pipe(socket).pipe(passed);
    });
    for (const side of [passed, socket]) side.on("error", () => [passed, socket].forEach((both) => both.destroy()));
  });
  const address = `http://127.0.0.1:${await listening(proxy)}`;
  const local = "localhost,127.0.0.1";
  return {
    env: {
      HTTPS_PROXY: address,
      HTTP_PROXY: address,
      NO_PROXY: local,
      no_proxy: local,
      SSL_CERT_FILE: certificate,
      NODE_EXTRA_CA_CERTS: certificate,
    },
    stop: () => [hub, proxy].forEach((server) => (server.close(), server.closeAllConnections())),
  };
}

function listening(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}
