import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { mediaTypes } from "../../../oci/media-types.js";
import { parseChallenges } from "../../../oci/registry/challenge.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { dockerCredentials } from "../../../oci/registry/credentials.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { fakeRegistry, sendBytes, sendJson } from "../../support/servers/registry.js";
import { MANIFEST, BLOB, LAYER, rig, read, failure } from "./client-rig.js";

test("challenges", (t) => {
  t.deepEqual(parseChallenges('Bearer realm="https://a/t?x=\\"1\\"",service=reg , scope="repository:a/b:pull,push", Basic realm="x y"'), [
    { scheme: "bearer", parameters: { realm: 'https://a/t?x="1"', service: "reg", scope: "repository:a/b:pull,push" } },
    { scheme: "basic", parameters: { realm: "x y" } },
  ]);
  t.deepEqual(parseChallenges("Negotiate, Basic"), [
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: {} },
  ]);
  t.deepEqual(parseChallenges('Bearer realm="unclosed'), [{ scheme: "bearer", parameters: {} }]);
  t.deepEqual(parseChallenges(""), []);
});

test("bearer tokens: fetched with credentials and scope, shared, fetched again when they end", async (t) => {
  let tokens = 0;
  const { fake, client, clock } = await rig(
    t,
    (request, response) => {
      if (request.url.startsWith("/token")) return sendJson(response, 200, { token: `t${++tokens}`, expires_in: 300 });
      if (request.headers.authorization !== `Bearer t${tokens}`) {
        return sendJson(
          response,
          401,
          {},
          { "www-authenticate": `Bearer realm="/token",service="the registry",scope="repository:a/b:pull"` },
        );
      }
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password: "pä" }) } },
  );
  const ref = `${fake.host}/a/b:x`;
  await Promise.all([client.resolve(ref), client.resolve(ref), client.manifest(ref)]);
  t.is(tokens, 1);
  const token = fake.seen.find((request) => request.url.startsWith("/token"));
  t.is(token?.url, "/token?service=the+registry&scope=repository%3Aa%2Fb%3Apull&account=me");
  t.is(token?.headers.authorization, `Basic ${Buffer.from("me:pä").toString("base64")}`);
  clock.time += 200_000;
  await client.resolve(ref);
  t.is(tokens, 1);
  clock.time += 100_000;
  await client.resolve(ref);
  t.is(tokens, 2);
});

test("an identity token is traded for a bearer token", async (t) => {
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.url === "/token") return sendJson(response, 200, { access_token: "abc" });
      if (request.headers.authorization !== "Bearer abc")
        return sendJson(response, 401, {}, { "www-authenticate": 'Bearer realm="/token",service="s"' });
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "identity-token", token: "idt" }) } },
  );
  await client.resolve(`${fake.host}/a/b`);
  const token = fake.seen.find((request) => request.url === "/token");
  t.is(token?.method, "POST");
  t.is(token?.body.toString(), "grant_type=refresh_token&client_id=tsbuild&refresh_token=idt&scope=repository%3Aa%2Fb%3Apull&service=s");
});

test("basic authentication, and what is said when it is not enough", async (t) => {
  let password = "right";
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.headers.authorization !== `Basic ${Buffer.from("me:right").toString("base64")}`) {
        return sendJson(
          response,
          401,
          { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] },
          { "www-authenticate": 'Basic realm="x"' },
        );
      }
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password }) } },
  );
  await client.resolve(`${fake.host}/a/b`);
  password = "wrong";
  const other = createRegistryClient({ env: {}, credentials: { find: async () => ({ kind: "basic", username: "me", password }) } });
  t.teardown(() => other.close());
  const error = await failure(t, other.manifest(`${fake.host}/a/b`));
  t.is(error.code, "registry/unauthorized");
  t.is(error.status, 401);
  t.deepEqual(error.details, [{ code: "UNAUTHORIZED", message: "authentication required" }]);
  t.is(error.hint, `The stored credentials for ${fake.host} do not allow this; log in with others: tsbuild login ${fake.host}`);
});

test("credentials never go to another origin", async (t) => {
  const storage = await fakeRegistry((request, response) => sendBytes(request, response, BLOB));
  t.teardown(() => storage.close());
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.headers.authorization === undefined) return sendJson(response, 401, {}, { "www-authenticate": "Basic" });
      if (request.url.endsWith("/elsewhere")) return sendBytes(request, response, BLOB);
      const hop = request.url.includes("/near/") ? "/elsewhere" : `${storage.origin}/signed?sig=1`;
      response.writeHead(307, { location: hop }).end();
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password: "pw" }) } },
  );
  t.deepEqual(await read(client.blob(`${fake.host}/far/x`, LAYER)), BLOB);
  t.is(storage.seen[0]?.headers.authorization, undefined);
  t.deepEqual(await read(client.blob(`${fake.host}/near/x`, LAYER)), BLOB);
  t.truthy(fake.seen.at(-1)?.headers.authorization);
  fake.handler = (_, response) => void response.writeHead(307, { location: "/again" }).end();
  t.is((await failure(t, client.resolve(`${fake.host}/loop/x`))).code, "registry/protocol");
});

test("docker's configuration: auths, helpers, the default store", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const helper = (name: string, script: string) => {
    const path = join(directory.path, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\nread server\necho "$1 $server" >> ${directory.path}/asked\n${script}\n`);
    chmodSync(path, 0o755);
  };
  helper("good", `echo '{"ServerURL":"x","Username":"helper","Secret":"s"}'`);
  helper("idtoken", `echo '{"Username":"<token>","Secret":"tok"}'`);
  helper("empty", "echo credentials not found in native keychain; exit 1");
  helper("bad", "echo it is locked; exit 1");
  const env = { DOCKER_CONFIG: directory.path, PATH: `${directory.path}:${process.env["PATH"]}` };
  const find = async (config: unknown, registry: string) => {
    writeFileSync(join(directory.path, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
    return dockerCredentials(env).find(registry);
  };
  const auth = Buffer.from("me:p:w\0").toString("base64");
  const basic = { kind: "basic", username: "me", password: "p:w" };
  for (const [registry, key] of [
    ["docker.io", "https://index.docker.io/v1/"],
    ["docker.io", "docker.io"],
    ["ghcr.io", "ghcr.io"],
    ["ghcr.io", "https://ghcr.io"],
    ["localhost:5000", "https://localhost:5000/v2/"],
    ...["http://r.io:1/v1/", "r.io:1/", "https://r.io:1/", "r.io:1/v2/", "http://r.io:1", "https://r.io:1/any/path"].map(
      (key) => ["r.io:1", key] as const,
    ),
  ] as const) {
    t.deepEqual(await find({ auths: { [key]: { auth } } }, registry), basic as never, key);
  }
  t.is(await find({ auths: { "ghcr.io": {} } }, "ghcr.io"), undefined);
  for (const key of ["ghcr.io:443", "http://ghcr.io.evil/", "evil/ghcr.io", "ftp://ghcr.io/"])
    t.is(await find({ auths: { [key]: { auth } } }, "ghcr.io"), undefined, key);
  t.is(await find({ auths: { "ghcr.io": { auth: 7 } } }, "ghcr.io"), undefined);
  t.is(await dockerCredentials({ DOCKER_CONFIG: join(directory.path, "none") }).find("x.io"), undefined);
  t.deepEqual(await find({ auths: { "a.io": { identitytoken: "id" } } }, "a.io"), { kind: "identity-token", token: "id" });
  t.deepEqual(await find({ credHelpers: { "a.io": "good" }, credsStore: "bad" }, "a.io"), {
    kind: "basic",
    username: "helper",
    password: "s",
  });
  t.deepEqual(await find({ credsStore: "idtoken" }, "docker.io"), { kind: "identity-token", token: "tok" });
  t.deepEqual(await find({ credsStore: "empty", auths: { "a.io": { auth } } }, "a.io"), basic as never);
  t.deepEqual(
    execFileSync("cat", [join(directory.path, "asked")])
      .toString()
      .split("\n")
      .slice(0, 2),
    ["get a.io", "get https://index.docker.io/v1/"],
  );
  await t.throwsAsync(find({ credsStore: "bad" }, "a.io"), {
    code: "registry/helper-failed",
    message: /docker-credential-bad: it is locked/,
  });
  await t.throwsAsync(find({ credsStore: "missing" }, "a.io"), { message: /the program is not in PATH/ });
  await t.throwsAsync(find({ credsStore: "../x" }, "a.io"), { message: /not a helper's name/ });
  await t.throwsAsync(find("{", "a.io"), { code: "registry/config-invalid", message: /it is not JSON/ });
  await t.throwsAsync(find({ auths: { "a.io": { auth: "eA==" } } }, "a.io"), { code: "registry/config-invalid" });
});

test("a broken helper does not stop an anonymous pull, and is reported when credentials are needed", async (t) => {
  const { fake, client } = await rig(
    t,
    (request, response) =>
      request.url.includes("/private/")
        ? sendJson(response, 401, {}, { "www-authenticate": "Basic" })
        : sendBytes(request, response, MANIFEST, mediaTypes.ociManifest),
    { credentials: dockerCredentials({ DOCKER_CONFIG: "/dev/null/x", PATH: "" }) },
  );
  await client.resolve(`${fake.host}/public/b`);
  const { hint } = await failure(t, client.manifest(`${fake.host}/private/b`));
  t.regex(hint ?? "", /needs a login: tsbuild login/);
});
