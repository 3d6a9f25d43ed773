import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import test from "ava";
import { makeBusyboxLayout, missingForBusybox, pushLayout } from "../../support/images/base-image.js";
import { withRig } from "../../support/images/busybox-suite.js";
import { hasRegistry, type RealRegistry, REGISTRY_ACCOUNT, startRegistry } from "../../support/servers/registry.js";
import { CLI, type Ended, Rig } from "../../support/rigs/rig.js";
import { notInstalled, requires, withoutPodman } from "../../support/requires.js";

// The commands that use registries, with one that requires a password, and beside other programs
// that do the same.

const missing = missingForBusybox() ?? (hasRegistry ? undefined : "docker-registry");
const base = notInstalled(missing);
const { serial } = requires(base);
const having = (program: string) => requires(base, existsSync(`/usr/bin/${program}`) ? undefined : notInstalled(program)).serial;
const { username, password } = REGISTRY_ACCOUNT;

let open: RealRegistry;
let closed: RealRegistry;
let rig: Rig;

test.before(async () => {
  if (missing !== undefined) return;
  rig = new Rig();
  open = await startRegistry();
  closed = await startRegistry({ auth: "basic" });
  await makeBusyboxLayout(rig.path("busybox"));
  await pushLayout(rig.path("busybox"), `${open.host}/busybox`);
});

test.after.always(async () => {
  await rig?.dispose();
  await open?.stop();
  await closed?.stop();
});

function ok(ended: Ended): string {
  if (ended.code !== 0) throw new Error(`exit code ${ended.code}\n${ended.stderr}\n${ended.stdout.toString("utf8")}`);
  return ended.stdout.toString("utf8");
}

const tsbuild = async (...args: string[]) => ok(await rig.cli(args));
const run = async (command: string, ...args: string[]) => ok(await rig.spawn(command, args).ended);
const login = (secret: string) =>
  rig.cli(["login", "-u", username, "--password-stdin", closed.host], { input: Buffer.from(`${secret}\n`) });
const config = () => JSON.parse(readFileSync(rig.path("home", ".docker", "config.json"), "utf8"));

serial("pull prints what docker prints; a build then needs no registry", async (t) => {
  const name = `${open.host}/busybox:latest`;
  const first = await tsbuild("pull", name);
  t.regex(first, new RegExp(`^Digest: sha256:[0-9a-f]{64}\\nStatus: Downloaded newer image for ${name}\\n${name}\\n$`));
  t.regex(await tsbuild("pull", name), /\nStatus: Image is up to date for /);
  t.is(await tsbuild("pull", "-q", name), `${name}\n`);
  const context = rig.context("context", { Dockerfile: `FROM ${name}\nRUN echo made > /made\n` });
  const id = (await tsbuild("build", "-t", `${closed.host}/team/app:1`, context)).trim();
  t.regex(id, /^sha256:/);
});

serial("without a login a push is refused, with a way out", async (t) => {
  const { code, stderr, stdout } = await rig.cli(["push", `${closed.host}/team/app:1`]);
  t.is(code, 1);
  t.is(stdout.length, 0);
  t.regex(stderr, new RegExp(`error\\[registry/unauthorized\\].*\\n(.*\\n)?hint: .*tsbuild login ${closed.host}`));
});

serial("a login that is refused keeps nothing; one that works keeps it, for its owner only", async (t) => {
  const refused = await login("wrong");
  t.is(refused.code, 1);
  t.regex(refused.stderr, /error\[registry\/login-refused\]: Cannot log in to .* as "me": it was refused/);
  t.false(existsSync(rig.path("home", ".docker")));
  const accepted = await login(password);
  t.is(ok(accepted), "Login Succeeded\n");
  t.regex(accepted.stderr, /stored unencrypted in '.*\/\.docker\/config\.json'/);
  t.is(statSync(rig.path("home", ".docker", "config.json")).mode & 0o777, 0o600);
  t.deepEqual(config(), { auths: { [closed.host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } });
  t.is(await tsbuild("login", closed.host), "Login Succeeded\n");
});

serial("a push prints what docker prints, and sends nothing twice", async (t) => {
  const name = `${closed.host}/team/app:1`;
  const printed = await tsbuild("push", name);
  t.regex(printed, /^1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
  t.is(await tsbuild("push", "-q", name), `${name}\n`);
  const other = new Rig();
  try {
    const env = { DOCKER_CONFIG: rig.path("home", ".docker") };
    const pulled = ok(await other.cli(["pull", name], { env }));
    t.regex(pulled, new RegExp(`^Digest: ${/sha256:\w+/.exec(printed)?.[0]}\n`));
    t.is(ok(await other.cli(["inspect", "--format", "{{.Id}}", name])), await tsbuild("inspect", "--format", "{{.Id}}", name));
    t.deepEqual(other.leftovers(), []);
  } finally {
    await other.dispose();
  }
});

having("skopeo")("skopeo finds our login and our image; what it copies is pulled", async (t) => {
  const name = `${closed.host}/team/app:1`;
  const id = (await tsbuild("inspect", "--format", "{{.Id}}", name)).trim();
  const inspected = JSON.parse(await run("skopeo", "inspect", "--tls-verify=false", "--config", "--raw", `docker://${name}`));
  t.is(inspected.os, "linux");
  const archive = `oci:${rig.path("skopeo")}:x`;
  await run("skopeo", "copy", "-q", "--src-tls-verify=false", `docker://${name}`, archive);
  await run("skopeo", "copy", "-q", "--dest-tls-verify=false", archive, `docker://${closed.host}/team/copied:1`);
  await tsbuild("pull", `${closed.host}/team/copied:1`);
  t.is((await tsbuild("inspect", "--format", "{{.Id}}", `${closed.host}/team/copied:1`)).trim(), id);
  // docker's old format as well.
  await run("skopeo", "copy", "-q", "--format", "v2s2", "--dest-tls-verify=false", archive, `docker://${closed.host}/team/docker:1`);
  await tsbuild("pull", `${closed.host}/team/docker:1`);
  t.deepEqual(
    JSON.parse(await tsbuild("inspect", "--format", "{{json .RootFS.Layers}}", `${closed.host}/team/docker:1`)),
    JSON.parse(await tsbuild("inspect", "--format", "{{json .RootFS.Layers}}", name)),
  );
});

requires(base, withoutPodman()).serial("podman pulls what we pushed, and what it pushes is pulled", async (t) => {
  const podman = (...args: string[]) =>
    run("podman", "--root", rig.path("podman"), "--runroot", rig.path("podman-run"), "--storage-driver", "vfs", ...args);
  const name = `${closed.host}/team/app:1`;
  await podman("pull", "-q", "--tls-verify=false", name);
  const id = (await tsbuild("inspect", "--format", "{{.Id}}", name)).trim();
  t.is((await podman("image", "inspect", "--format", "{{.Id}}", name)).trim(), id.replace("sha256:", ""));
  const theirs = `${closed.host}/team/podman:2`;
  await podman("tag", name, theirs);
  await podman("push", "-q", "--tls-verify=false", theirs);
  await tsbuild("pull", theirs);
  t.is((await tsbuild("inspect", "--format", "{{.Id}}", theirs)).trim(), id);
});

serial("logout forgets", async (t) => {
  t.is(await tsbuild("logout", closed.host), `Removing login credentials for ${closed.host}\n`);
  t.deepEqual(config(), { auths: {} });
  t.is(await tsbuild("logout", closed.host), `Not logged in to ${closed.host}\n`);
  t.is((await rig.cli(["pull", `${closed.host}/team/app:1`])).code, 1);
});

serial("ctrl-c ends a pull with 130, without a name", async (t) => {
  // Two requests are answered, the third never.
  const { createServer } = await import("node:http");
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const name = `127.0.0.1:${typeof address === "object" ? address?.port : 0}/never:1`;
  try {
    const running = rig.start(["pull", name]);
    await new Promise((resolve) => server.once("request", resolve));
    running.interrupt();
    const { code, stderr } = await running.ended;
    t.is(code, 130, stderr);
    t.regex(stderr, /The pull was canceled/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

/**
 * Runs a shell command at a terminal of its own and types each answer when its question appears.
 * Resolves with everything that the terminal showed.
 */
async function atTerminal(command: string, answers: readonly (readonly [question: RegExp, typed: string])[]): Promise<string> {
  const { process: child, ended } = rig.spawn("script", ["-qefc", command, "/dev/null"], { openInput: true });
  let shown = "";
  let next = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    shown += chunk.toString("utf8");
    const answer = answers[next];
    if (!answer?.[0].test(shown)) return;
    next++;
    child.stdin?.write(answer[1]);
  });
  await ended;
  return shown;
}

const withScript = having("script");
const line = () => `${process.execPath} ${CLI} login ${closed.host}; echo code $?; stty -a`;

withScript("at a terminal user and password are asked for, and the password is not shown", async (t) => {
  const shown = await atTerminal(line(), [
    [/Username: $/, `${username}\n`],
    [/Password: $/, `${password.slice(0, 3)}x\u007f${password.slice(3)}\r`],
  ]);
  t.regex(shown, /Login Succeeded/);
  t.regex(shown, /code 0/);
  t.true(shown.includes(`Username: ${username}\r\n`));
  t.false(shown.includes(password.slice(0, 3)), shown);
  t.deepEqual(Object.keys(config().auths), [closed.host]);
  await tsbuild("logout", closed.host);
});

withScript("ctrl-c at the password leaves the terminal as it was", async (t) => {
  const shown = await atTerminal(line(), [
    [/Username: $/, `${username}\n`],
    [/Password: $/, "sec\u0003"],
  ]);
  t.regex(shown, /The login was canceled/);
  t.regex(shown, /code 130/);
  t.regex(shown, /\nisig icanon iexten echo /);
  t.deepEqual(config().auths, {});
});

serial("doctor agrees with what builds do here", async (t) => {
  await withRig(async (own) => {
    const { code, stdout } = await own.cli(["doctor", "--format", "json"]);
    const report = JSON.parse(stdout.toString("utf8"));
    t.is(code, report.ok ? 0 : 1);
    const context = own.context("doctored", { Dockerfile: `FROM ${open.host}/busybox\nRUN true\n` });
    t.is((await own.cli(["build", "--no-cache", "-o", "type=cacheonly", context])).code === 0, report.ok);
    t.deepEqual(own.leftovers(), []);
  });
});

const canUnshare = requires(base, spawnSync("unshare", ["-Ur", "true"]).status === 0 ? undefined : "needs user namespaces").serial;

canUnshare("without user namespaces doctor and builds name the setting, and builds point to doctor", async (t) => {
  // The limit holds below this user namespace only.
  const forbidden = (...args: string[]) =>
    rig.spawn("unshare", [
      "-Ur",
      "sh",
      "-c",
      'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"',
      "sh",
      process.execPath,
      CLI,
      ...args,
    ]).ended;
  const doctor = await forbidden("doctor");
  t.is(doctor.code, 1);
  t.regex(doctor.stdout.toString("utf8"), /^missing {2}User namespaces: .*max_user_namespaces forbids them$/m);
  t.regex(doctor.stdout.toString("utf8"), /^ +to do: As root: sysctl -w user\.max_user_namespaces=/m);
  const context = rig.context("forbidden", { Dockerfile: `FROM ${open.host}/busybox\nRUN true # forbidden\n` });
  const build = await forbidden("build", "-q", context);
  t.is(build.code, 1);
  t.regex(build.stderr, /error\[exec\/unsupported-system\].*max_user_namespaces/);
  t.regex(build.stderr, /tsbuild doctor shows all/);
});
