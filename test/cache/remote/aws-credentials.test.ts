import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { awsCredentials } from "../../../cache/remote/aws-credentials.js";
import { CacheHttp } from "../../../cache/remote/http.js";
import { temporaryRoot } from "../support.js";

const signal = new AbortController().signal;
const FUTURE = "2199-01-01T00:00:00Z";
const SECRETS = { SecretAccessKey: "s", Token: "t", Expiration: FUTURE };
const KEYS = "aws_access_key_id = d\naws_secret_access_key = ds\n";

/**
 * Makes a home with `files` under `.aws`, and sets the variables that Amazon's SDK reads from the
 * process.
 */
function home(t: ExecutionContext, files: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}) {
  const directory = temporaryRoot(t.teardown);
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, ".aws", name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }
  const set = {
    HOME: directory,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    AWS_REGION: "eu-test-1",
    ...variables,
  };
  const before = { ...process.env };
  Object.assign(process.env, set);
  t.teardown(() => {
    process.env = before;
  });
  const http = new CacheHttp({ env: set });
  t.teardown(() => http[Symbol.dispose]());
  return { env: set as Readonly<Record<string, string>>, http };
}

/**
 * Starts a server on loopback that answers by the start of `METHOD path body`. `log` has its
 * requests.
 */
async function serve(t: ExecutionContext, answers: Readonly<Record<string, string>>) {
  const log: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const line = `${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`;
      log.push(line);
      const found = Object.entries(answers).find(([start]) => line.startsWith(start));
      response.writeHead(found ? 200 : 404, { "content-type": found?.[1].startsWith("<") ? "text/xml" : "application/json" });
      response.end(found?.[1]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, log };
}

function assumed(call: string, expiration = FUTURE): string {
  const keys = `<AccessKeyId>role</AccessKeyId><SecretAccessKey>rs</SecretAccessKey><SessionToken>rt</SessionToken><Expiration>${expiration}</Expiration>`;
  return `<${call}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${call}Result><Credentials>${keys}</Credentials></${call}Result></${call}Response>`;
}

const ROLE = { accessKeyId: "role", secretAccessKey: "rs", sessionToken: "rt" };

test.serial("keys: the given ones, then the environment, then a profile", async (t) => {
  const ci = "aws_access_key_id=c\naws_secret_access_key=cs\naws_session_token=ct\n";
  const { env, http } = home(t, { credentials: `[default]\n${KEYS}\n[ci]\n${ci}` });
  const keys = { accessKeyId: "g", secretAccessKey: "gs" };
  t.like(await awsCredentials(keys, env, http)({ signal }), keys);
  const inEnvironment = { ...env, AWS_ACCESS_KEY_ID: "e", AWS_SECRET_ACCESS_KEY: "es" };
  t.like(await awsCredentials({}, inEnvironment, http)({ signal }), { accessKeyId: "e", secretAccessKey: "es" });
  t.like(await awsCredentials({}, env, http)({ signal }), { accessKeyId: "d", secretAccessKey: "ds" });
  const profile = await awsCredentials({}, { ...env, AWS_PROFILE: "ci" }, http)({ signal });
  t.like(profile, { accessKeyId: "c", secretAccessKey: "cs", sessionToken: "ct" });
});

test.serial("no credentials: says where they could be", async (t) => {
  const { env, http } = home(t, {});
  const error = await t.throwsAsync(async () => awsCredentials({}, { ...env, AWS_PROFILE: "none" }, http)({ signal }));
  t.like(error, { code: "cache/no-credentials" });
  t.regex((error as Error & { hint: string }).hint, /put a profile "none" into .*\.aws\/credentials/);
});

test.serial("an assumed role: asks STS once, over our connections", async (t) => {
  const sts = await serve(t, { "POST / ": assumed("AssumeRole") });
  const config = "[profile ci]\nrole_arn = arn:aws:iam::123456789012:role/cache\nsource_profile = default\nregion = eu-test-1\n";
  const { env, http } = home(t, { credentials: `[default]\n${KEYS}`, config }, { AWS_ENDPOINT_URL_STS: sts.url });
  const credentials = awsCredentials({}, { ...env, AWS_PROFILE: "ci" }, http);
  t.like(await credentials({ signal }), ROLE);
  t.like(await credentials({ signal }), ROLE);
  t.is(sts.log.length, 1);
  t.regex(sts.log[0] ?? "", /Action=AssumeRole&.*RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fcache/);
});

test.serial("credentials that have expired are asked for again", async (t) => {
  const sts = await serve(t, { "POST / ": assumed("AssumeRole", "2020-01-01T00:00:00Z") });
  const config = "[profile ci]\nrole_arn = arn:aws:iam::123456789012:role/cache\nsource_profile = default\nregion = eu-test-1\n";
  const { env, http } = home(t, { credentials: `[default]\n${KEYS}`, config }, { AWS_ENDPOINT_URL_STS: sts.url });
  const credentials = awsCredentials({}, { ...env, AWS_PROFILE: "ci" }, http);
  for (const count of [1, 2]) {
    await credentials({ signal });
    t.is(sts.log.length, count);
  }
});

test.serial("a web identity: sends the token of the file to STS", async (t) => {
  const sts = await serve(t, { "POST / ": assumed("AssumeRoleWithWebIdentity") });
  const token = join(temporaryRoot(t.teardown), "token");
  writeFileSync(token, "the-token");
  const { env, http } = home(
    t,
    {},
    { AWS_ENDPOINT_URL_STS: sts.url, AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/pod" },
  );
  t.like(await awsCredentials({}, env, http)({ signal }), ROLE);
  t.regex(sts.log[0] ?? "", /WebIdentityToken=the-token/);
});

test.serial("SSO: exchanges the cached token of a session for a role's credentials", async (t) => {
  const roleCredentials = { accessKeyId: "sso", secretAccessKey: "ss", sessionToken: "st", expiration: Date.parse(FUTURE) };
  const portal = await serve(t, { "GET /federation/credentials?": JSON.stringify({ roleCredentials }) });
  const config =
    "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = cache\n\n[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-test-1\n";
  const cached = `sso/cache/${createHash("sha1").update("corp").digest("hex")}.json`;
  const token = JSON.stringify({ accessToken: "a", expiresAt: FUTURE, startUrl: "https://corp.example/start", region: "eu-test-1" });
  const { env, http } = home(t, { config, [cached]: token }, { AWS_ENDPOINT_URL_SSO: portal.url });
  t.like(await awsCredentials({}, env, http)({ signal }), { accessKeyId: "sso", secretAccessKey: "ss", sessionToken: "st" });
  t.regex(portal.log[0] ?? "", /role_name=cache/);
});

/** Commands of a profile's process, each with the keys or the reason that follow. */
const PROCESSES: Readonly<Record<string, readonly [string, string]>> = {
  keys: [`echo '{"Version":1,"AccessKeyId":"p","SecretAccessKey":"ps","SessionToken":"pt","Expiration":"${FUTURE}"}'`, "p ps pt"],
  failure: [
    "sh -c 'echo the vault is locked >&2; exit 3'",
    "(Command failed: sh -c 'echo the vault is locked >&2; exit 3': the vault is locked)",
  ],
  "no JSON": ["echo hello", "(Profile ci credential_process returned invalid JSON.)"],
  expired: [
    `echo '{"Version":1,"AccessKeyId":"p","SecretAccessKey":"ps","Expiration":"2000-01-01T00:00:00Z"}'`,
    "(Profile ci credential_process returned expired credentials.)",
  ],
};

for (const [name, [command, expected]] of Object.entries(PROCESSES)) {
  test.serial(`a process of the profile: ${name}`, async (t) => {
    const { env, http } = home(t, { config: `[profile ci]\ncredential_process = ${command}\n` });
    const found = awsCredentials({}, { ...env, AWS_PROFILE: "ci" }, http)({ signal });
    const text = await found.then(
      ({ accessKeyId, secretAccessKey, sessionToken }) => [accessKeyId, secretAccessKey, sessionToken].join(" "),
      (error: Error) => error.message,
    );
    t.is(text.replace("Cannot use the S3 cache: there are no credentials ", ""), expected);
  });
}

test.serial("a process that does not end: an abort ends the wait", async (t) => {
  const directory = temporaryRoot(t.teardown);
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  const { env, http } = home(t, {
    config: `[profile ci]\ncredential_process = sh -c 'mkdir ${fifo}.once && echo > ${fifo} && cat ${fifo}'\n`,
  });
  const abort = new AbortController();
  const found = awsCredentials({}, { ...env, AWS_PROFILE: "ci" }, http)({ signal: abort.signal });
  // The process runs now, and waits for somebody who writes.
  await readFile(fifo);
  abort.abort();
  await t.throwsAsync(found, { name: "CanceledError" });
  await writeFile(fifo, "");
});

test.serial("SSO: a token that has expired is renewed, else the message says how", async (t) => {
  const roleCredentials = { accessKeyId: "sso", secretAccessKey: "ss", sessionToken: "st", expiration: Date.parse(FUTURE) };
  const portal = await serve(t, {
    "GET /federation/credentials?": JSON.stringify({ roleCredentials }),
    "POST /token ": JSON.stringify({ accessToken: "new", expiresIn: 3600, refreshToken: "r2", tokenType: "Bearer" }),
  });
  const config =
    "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = cache\n\n[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-test-1\n";
  const cached = `sso/cache/${createHash("sha1").update("corp").digest("hex")}.json`;
  const old = { accessToken: "a", expiresAt: "2020-01-01T00:00:00Z", startUrl: "https://corp.example/start", region: "eu-test-1" };
  const renewal = { refreshToken: "r1", clientId: "c", clientSecret: "cs", registrationExpiresAt: FUTURE };
  const endpoints = { AWS_ENDPOINT_URL_SSO: portal.url, AWS_ENDPOINT_URL_SSO_OIDC: portal.url };
  const renewed = home(t, { config, [cached]: JSON.stringify({ ...old, ...renewal }) }, endpoints);
  t.like(await awsCredentials({}, renewed.env, renewed.http)({ signal }), { accessKeyId: "sso", secretAccessKey: "ss" });
  t.regex(portal.log[0] ?? "", /^POST \/token .*"refreshToken":"r1"/);
  const ended = home(t, { config, [cached]: JSON.stringify(old) }, endpoints);
  await t.throwsAsync(async () => awsCredentials({}, ended.env, ended.http)({ signal }), {
    code: "cache/no-credentials",
    message: /expired.*aws sso login/,
  });
});

test.serial("a container's role: asks the address that the environment names", async (t) => {
  const agent = await serve(t, { "GET /role": JSON.stringify({ AccessKeyId: "task", ...SECRETS }) });
  const { env, http } = home(t, {}, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/role` });
  t.like(await awsCredentials({}, env, http)({ signal }), { accessKeyId: "task", secretAccessKey: "s", sessionToken: "t" });
});

test.serial("an instance's role: asks the metadata service", async (t) => {
  const metadata = await serve(t, {
    "PUT /latest/api/token": "token",
    "GET /latest/meta-data/iam/security-credentials/cache": JSON.stringify({ Code: "Success", AccessKeyId: "instance", ...SECRETS }),
    "GET /latest/meta-data/iam/security-credentials/": "cache",
  });
  const { env, http } = home(t, {}, { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
  t.like(await awsCredentials({}, env, http)({ signal }), { accessKeyId: "instance", secretAccessKey: "s", sessionToken: "t" });
});
