import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { dockerCredentials, forgetCredentials, keepCredentials } from "../../../oci/registry/credentials.js";
import { readDockerConfig } from "../../../oci/registry/docker-config.js";
import { checkCredentials } from "../../../oci/registry/login.js";
import { parseRegistry } from "../../../oci/reference.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { fakeRegistry, type Handler, hasRegistry, REGISTRY_ACCOUNT, sendJson, startRegistry } from "../../support/servers/registry.js";
import { notInstalled, requires } from "../../support/requires.js";

const ME = { kind: "basic", username: "me", password: "secret" } as const;
const WRONG = { ...ME, password: "wrong" };
const BASIC = `Basic ${Buffer.from("me:secret").toString("base64")}`;

async function fake(t: ExecutionContext, handler: Handler) {
  const server = await fakeRegistry(handler);
  t.teardown(() => server.close());
  return server;
}

/**
 * Starts a registry that serves its own tokens. `answer` is the token server's answer to the right
 * password.
 */
const tokens = (t: ExecutionContext, answer: object) =>
  fake(t, (request, response) => {
    const { authorization } = request.headers;
    if (request.url.startsWith("/token")) {
      return authorization === BASIC
        ? sendJson(response, 200, answer)
        : sendJson(response, 401, { details: "incorrect username or password" });
    }
    if (authorization === "Bearer abc") return sendJson(response, 200, {});
    sendJson(response, 401, { errors: [] }, { "www-authenticate": 'Bearer realm="/token",service="here"' });
  });

test("a token server proves the password; it is asked for an identity token", async (t) => {
  const server = await tokens(t, { token: "abc" });
  t.deepEqual(await checkCredentials(server.host, ME, { env: {} }), ME);
  t.deepEqual(server.log, ["GET /v2/", "GET /token?offline_token=true&client_id=tsbuild&service=here&account=me", "GET /v2/"]);
});

test("an identity token is kept in place of the password", async (t) => {
  const server = await tokens(t, { access_token: "abc", refresh_token: "id" });
  t.deepEqual(await checkCredentials(server.host, ME, { env: {} }), { kind: "identity-token", token: "id" });
});

test("pulls do not ask for identity tokens", async (t) => {
  const server = await tokens(t, { token: "abc" });
  using client = createRegistryClient({ env: {}, credentials: { find: () => Promise.resolve(ME) } });
  await client.tags(`${server.host}/a`);
  t.deepEqual(server.log[1], "GET /token?service=here&scope=repository%3Aa%3Apull&account=me");
});

test("what is refused is said with the user and what the server said", async (t) => {
  const server = await tokens(t, { token: "abc" });
  await t.throwsAsync(checkCredentials(server.host, WRONG, { env: {} }), {
    code: "registry/login-refused",
    message: `Cannot log in to ${server.host} as "me": it was refused`,
  });
  const basic = await fake(t, (_, response) =>
    sendJson(response, 401, { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }, { "www-authenticate": "Basic" }),
  );
  await t.throwsAsync(checkCredentials(basic.host, WRONG, { env: {} }), { message: /: it was refused \(authentication required\)$/ });
  const nothing = await fake(t, (_, response) => sendJson(response, 404, {}));
  await t.throwsAsync(checkCredentials(nothing.host, ME, { env: {} }), { code: "registry/not-found" });
  await nothing.close();
  await t.throwsAsync(checkCredentials(nothing.host, ME, { env: {} }), { code: "registry/unreachable" });
});

test("a registry that lets everybody in takes any password", async (t) => {
  const server = await fake(t, (_, response) => sendJson(response, 200, {}));
  t.deepEqual(await checkCredentials(server.host, WRONG, { env: {} }), WRONG);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))("docker-registry with htpasswd", async (t) => {
  const registry = await startRegistry({ auth: "basic" });
  t.teardown(() => registry.stop());
  const account = { kind: "basic", ...REGISTRY_ACCOUNT } as const;
  t.deepEqual(await checkCredentials(registry.host, account, { env: {} }), account);
  await t.throwsAsync(checkCredentials(registry.host, WRONG, { env: {} }), { code: "registry/login-refused" });
});

test("tags are listed page by page", async (t) => {
  const server = await fake(t, (request, response) =>
    request.url.includes("last=")
      ? sendJson(response, 200, { name: "a/b", tags: ["c", "a"] })
      : sendJson(response, 200, { name: "a/b", tags: ["b", "a"] }, { link: '</v2/a/b/tags/list?last=b&n=2>; rel="next"' }),
  );
  using client = createRegistryClient({ env: {}, credentials: { find: () => Promise.resolve(undefined) } });
  t.deepEqual(await client.tags(`${server.host}/a/b`), ["a", "b", "c"]);
  t.deepEqual(server.log, ["GET /v2/a/b/tags/list", "GET /v2/a/b/tags/list?last=b&n=2"]);
  server.handler = (_, response) => sendJson(response, 200, { name: "a/b", tags: null });
  t.deepEqual(await client.tags(`${server.host}/a/b`), []);
  server.handler = (_, response) => sendJson(response, 200, { tags: [1] });
  await t.throwsAsync(client.tags(`${server.host}/a/b`), { code: "registry/protocol", message: /gave no list of tags/ });
});

test("registries as people write them", (t) => {
  for (const [text, host] of [
    ["docker.io", "docker.io"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["registry-1.docker.io", "docker.io"],
    ["HTTPS://ghcr.io/", "ghcr.io"],
    ["http://localhost:5000/v2/", "localhost:5000"],
    ["[::1]:5000", "[::1]:5000"],
    ["ghcr.io/owner", "ghcr.io"],
  ] as const) {
    t.is(parseRegistry(text), host, text);
  }
  for (const text of ["", "https://", "a b", "user@host", "host:port"])
    t.throws(() => parseRegistry(text), { code: "reference/invalid" }, text);
});

/** Makes docker's configuration in a directory of its own. */
function configuration(t: ExecutionContext, content?: string) {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const path = join(directory.path, "config.json");
  if (content !== undefined) writeFileSync(path, content);
  const env = { DOCKER_CONFIG: directory.path, PATH: `${directory.path}:${process.env["PATH"]}` };
  return { directory: directory.path, path, env, text: () => readFileSync(path, "utf8") };
}

test("credentials are kept in the file, which only its owner may read", async (t) => {
  const { directory, env, path, text } = configuration(t);
  const nested = { ...env, DOCKER_CONFIG: join(directory, "made", "for", "it") };
  t.deepEqual(await keepCredentials("ghcr.io", ME, { username: "me", env: nested }), {
    kind: "file",
    path: join(nested.DOCKER_CONFIG, "config.json"),
  });
  t.is(statSync(nested.DOCKER_CONFIG).mode & 0o777, 0o700);
  await keepCredentials("docker.io", ME, { username: "me", env });
  t.is(statSync(path).mode & 0o777, 0o600);
  const auth = Buffer.from("me:secret").toString("base64");
  t.is(text(), `{\n\t"auths": {\n\t\t"https://index.docker.io/v1/": {\n\t\t\t"auth": "${auth}"\n\t\t}\n\t}\n}`);
  await keepCredentials("ghcr.io", { kind: "identity-token", token: "id" }, { username: "me", env });
  t.deepEqual(JSON.parse(text()).auths["ghcr.io"], { auth: Buffer.from("me:").toString("base64"), identitytoken: "id" });
  t.deepEqual(await dockerCredentials(env).find("ghcr.io"), { kind: "identity-token", token: "id" });
  t.true(await forgetCredentials("docker.io", { env }));
  t.deepEqual(Object.keys(JSON.parse(text()).auths), ["ghcr.io"]);
  t.false(await forgetCredentials("docker.io", { env }));
  t.deepEqual(readdirSync(directory).sort(), ["config.json", "made"]);
});

test("config.json: null stands for nothing, as in docker", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const env = { DOCKER_CONFIG: directory.path, PATH: "" };
  const path = join(directory.path, "config.json");
  writeFileSync(path, '{"auths": null, "credHelpers": null, "credsStore": null, "proxies": null}');
  t.is(await dockerCredentials(env).find("ghcr.io"), undefined);
  t.false(await forgetCredentials("ghcr.io", { env }));
  t.deepEqual(readDockerConfig(path), {});
  await keepCredentials("ghcr.io", ME, { username: "me", env });
  t.deepEqual(await dockerCredentials(env).find("ghcr.io"), ME);
});

test("everything else in the file stays as it means", async (t) => {
  const before = `{
  "HttpHeaders": {"User-Agent": "1.0 \\"x\\" 2", "n": "\\u0000"},
  "auths": {"a.io": {"auth": "eDp5", "email": "me@a.io"}, "https://b.io/v1/": {"auth": "eDp5"}},
  "numbers": [12345678901234567890, 1e400, -0.10, 7],
  "detachKeys": "ctrl-e,e", "psFormat": null, "experimental": true
}`;
  const { env, text } = configuration(t, before);
  await keepCredentials("b.io", ME, { username: "me", env });
  const after = text();
  for (const number of ["12345678901234567890", "1e400", "-0.10", "7"])
    t.regex(after, new RegExp(`\\t${number.replace(".", "\\.")},?\\n`), number);
  const { auths, numbers: _, ...rest } = JSON.parse(after);
  const { auths: __, numbers: ___, ...expected } = JSON.parse(before);
  t.deepEqual(rest, expected);
  // The other spelling of the registry would win over the new entry in some programs.
  t.deepEqual(Object.keys(auths), ["a.io", "b.io"]);
  t.is(auths["a.io"].email, "me@a.io");
});

for (const [what, there] of [
  ["to a file", true],
  ["to nothing yet", false],
] as const) {
  test(`a symbolic link ${what} stays one`, async (t) => {
    const { directory, path, env } = configuration(t);
    mkdirSync(join(directory, "real"));
    const target = join(directory, "real", "docker.json");
    if (there) writeFileSync(target, '{"psFormat":"x"}', { mode: 0o644 });
    symlinkSync(join("real", "docker.json"), path);
    await keepCredentials("ghcr.io", ME, { username: "me", env });
    t.true(lstatSync(path).isSymbolicLink());
    t.is(readlinkSync(path), "real/docker.json");
    const { psFormat, auths } = JSON.parse(readFileSync(target, "utf8"));
    t.deepEqual([psFormat, Object.keys(auths)], [there ? "x" : undefined, ["ghcr.io"]]);
    t.is(statSync(target).mode & 0o777, 0o600);
  });
}

test("a file that is no JSON is not touched", async (t) => {
  const { env, text } = configuration(t, "{auths");
  await t.throwsAsync(keepCredentials("ghcr.io", ME, { username: "me", env }), { code: "registry/config-invalid" });
  await t.throwsAsync(forgetCredentials("ghcr.io", { env }), { code: "registry/config-invalid" });
  t.is(text(), "{auths");
});

test("a directory that cannot be written is named", async (t) => {
  const { directory } = configuration(t);
  writeFileSync(join(directory, "file"), "");
  const env = { DOCKER_CONFIG: join(directory, "file", "x") };
  await t.throwsAsync(keepCredentials("ghcr.io", ME, { username: "me", env }), {
    code: "registry/config-not-written",
    message: /file\/x\/config\.json/,
  });
});

test("a helper keeps and removes credentials; the file lists the registry without them", async (t) => {
  const { directory, path, env, text } = configuration(t, '{"credsStore":"fake","credHelpers":{"own.io":"broken"}}');
  const kept = join(directory, "kept");
  const script = `#!/bin/sh
case $1 in
  store) cat > ${kept} ;;
  get) [ -f ${kept} ] || { echo credentials not found in native keychain; exit 1; }; sed 's/"ServerURL":"[^"]*",//' ${kept} ;;
  erase) cat > ${directory}/erased; rm ${kept} ;;
esac
`;
  writeFileSync(join(directory, "docker-credential-fake"), script);
  writeFileSync(join(directory, "docker-credential-broken"), "#!/bin/sh\necho it is locked; exit 1\n");
  for (const name of ["fake", "broken"]) chmodSync(join(directory, `docker-credential-${name}`), 0o755);
  t.deepEqual(await keepCredentials("docker.io", ME, { username: "me", env }), { kind: "helper", program: "docker-credential-fake" });
  t.deepEqual(JSON.parse(readFileSync(kept, "utf8")), { ServerURL: "https://index.docker.io/v1/", Username: "me", Secret: "secret" });
  t.false(text().includes(Buffer.from("me:secret").toString("base64")));
  t.deepEqual(JSON.parse(text()).auths, { "https://index.docker.io/v1/": {} });
  t.deepEqual(await dockerCredentials(env).find("docker.io"), ME);
  t.true(await forgetCredentials("docker.io", { env }));
  t.is(readFileSync(join(directory, "erased"), "utf8"), "https://index.docker.io/v1/\n");
  t.deepEqual(JSON.parse(text()).auths, {});
  t.false(await forgetCredentials("docker.io", { env }));
  await keepCredentials("x.io", { kind: "identity-token", token: "id" }, { username: "me", env });
  t.deepEqual(JSON.parse(readFileSync(kept, "utf8")), { ServerURL: "x.io", Username: "<token>", Secret: "id" });
  const before = readFileSync(path, "utf8");
  await t.throwsAsync(keepCredentials("own.io", ME, { username: "me", env }), {
    code: "registry/helper-failed",
    message: "Cannot keep the credentials for own.io in docker-credential-broken: it is locked",
  });
  t.is(text(), before);
});
