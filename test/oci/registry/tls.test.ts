import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { Connections } from "../../../net/connections.js";
import { registryFailures } from "../../../oci/registry/errors.js";
import { discard } from "../../../net/body.js";
import { exchange } from "../../../net/transport.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { fakeRegistry, sendBytes } from "../../support/servers/registry.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { MANIFEST, failure } from "./client-rig.js";

function certificate(t: ExecutionContext, name = "IP:127.0.0.1"): { readonly key: string; readonly cert: string } {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test"];
  const files = ["-keyout", "key", "-out", "cert"];
  execFileSync("openssl", [...args, "-addext", `subjectAltName=${name}`, ...files], { cwd: directory.path, stdio: "ignore" });
  const textOf = (name: string) => readFileSync(join(directory.path, name), "utf8");
  return { key: textOf("key"), cert: textOf("cert") };
}

requires(withoutProgram("openssl"))(
  "TLS: loopback takes any certificate; elsewhere certs.d and SSL_CERT_FILE say what to trust",
  async (t) => {
    const tls = certificate(t);
    const fake = await fakeRegistry((request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest), { tls });
    t.teardown(() => fake.close());
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    t.teardown(() => client.close());
    t.is((await client.resolve(`${fake.host}/a/b`)).digest, sha256(MANIFEST));

    const directory = temporaryDirectory();
    t.teardown(() => directory.remove());
    mkdirSync(join(directory.path, fake.host));
    writeFileSync(join(directory.path, fake.host, "ca.crt"), tls.cert);
    const get = async (connections: Connections) => {
      try {
        const answer = await exchange({ what: "ask", method: "GET", url: new URL(`${fake.origin}/v2/`) }, connections);
        await discard(answer);
        return answer.response.status;
      } finally {
        connections.close();
      }
    };
    t.is(
      (await failure(t, get(new Connections({ env: {}, certificateDirectories: [], failures: registryFailures })))).code,
      "registry/tls",
    );
    t.is(await get(new Connections({ env: {}, certificateDirectories: [directory.path], failures: registryFailures })), 200);
    t.is(
      await get(
        new Connections({
          env: { SSL_CERT_FILE: join(directory.path, fake.host, "ca.crt") },
          certificateDirectories: [],
          failures: registryFailures,
        }),
      ),
      200,
    );
    t.is(await get(new Connections({ env: {}, certificateDirectories: [], failures: registryFailures, authorities: [tls.cert] })), 200);
    await t.throwsAsync(
      get(new Connections({ env: { SSL_CERT_FILE: "/nonexistent" }, certificateDirectories: [], failures: registryFailures })),
      {
        code: "registry/certificate-invalid",
        message: /"\/nonexistent"/,
      },
    );
  },
);

/** Starts a proxy that leads to `target` whatever is asked for, and remembers what was. */
async function proxyTo(t: ExecutionContext, target: string): Promise<{ readonly address: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const proxy: Server = createServer((_, response) => void response.writeHead(405).end());
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    const passed = connect(Number(target.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(passed).pipe(socket);
    });
    passed.on("error", () => socket.destroy());
    socket.on("error", () => passed.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { address: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

requires(withoutProgram("openssl"))("TLS behind a proxy: the server's certificate is checked as it is without one", async (t) => {
  const tls = certificate(t, "DNS:registry.test");
  const fake = await fakeRegistry((request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest), { tls });
  t.teardown(() => fake.close());
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const file = join(directory.path, "ca.pem");
  writeFileSync(file, tls.cert);
  const { address } = await proxyTo(t, fake.host);
  const get = async (env: Readonly<Record<string, string>>, verify = true) => {
    const connections = new Connections({ env: { HTTPS_PROXY: address, ...env }, certificateDirectories: [], failures: registryFailures });
    try {
      const answer = await exchange({ what: "ask", method: "GET", url: new URL("https://registry.test/v2/"), verify }, connections);
      await discard(answer);
      return answer.response.status;
    } finally {
      connections.close();
    }
  };
  t.is((await failure(t, get({}))).code, "registry/tls");
  t.is(await get({ SSL_CERT_FILE: file }), 200);
  t.is(await get({}, false), 200);
});

test("an insecure registry behind a proxy", async (t) => {
  const fake = await fakeRegistry((request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest));
  const { address, asked } = await proxyTo(t, fake.host);
  const client = createRegistryClient({
    env: { HTTPS_PROXY: address, HTTP_PROXY: address },
    insecure: ["registry.test:5000"],
    credentials: { find: async () => undefined },
  });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  t.is((await client.resolve("registry.test:5000/a/b")).digest, sha256(MANIFEST));
  t.true(asked.every((host) => host === "registry.test:5000"));
});
