import test from "ava";
import { recordedStep } from "../../core/recorded-step.js";
import type { DoctorReport } from "../../api/options/doctor-types.js";
import { sha256 } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { announced, now } from "../../core/events.js";
import { golden } from "../support/golden.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { type CliRigOptions, PULLED } from "../support/rigs/fake-library.js";

const refused = (): Promise<never> =>
  Promise.reject(
    new TsbuildError("registry/login-refused", 'Cannot log in to example.org as "me": it was refused (unauthorized)', {
      hint: "Check user name and password",
    }),
  );

const noCredentials = (): Promise<never> =>
  Promise.reject(
    new TsbuildError("registry/no-credentials", "Cannot log in to example.org: no user name was given, and none is kept for it"),
  );

/** Takes what is given; nothing is kept before. */
const fresh: CliRigOptions["login"] = ({ credentials }) => (credentials ? Promise.resolve("file") : noCredentials());

const REPORT: DoctorReport = {
  ok: false,
  user: "me",
  checks: [
    { name: "node", status: "ok", title: "Node", found: "20.20.2 at /usr/bin/node", controlledBy: [], fix: undefined },
    {
      name: "user-namespaces",
      status: "missing",
      title: "User namespaces",
      found: "They are not allowed here",
      controlledBy: ["/proc/sys/user/max_user_namespaces = 0"],
      fix: "As root: sysctl -w user.max_user_namespaces=28633",
    },
    { name: "cgroup", status: "warning", title: "Delegated cgroup", found: "none", controlledBy: ["a", "b"], fix: undefined },
  ],
};

const two = ["1", "2"].map((tag) => ({ ...PULLED, name: `example.org/team/app:${tag}`, tag, digest: sha256(tag) }));
const TTY = { tty: true, env: { NO_COLOR: "1", TERM: "dumb" } };

/** Name of the golden file, command line, what it meets. */
const CASES: readonly (readonly [string, string, CliRigOptions?])[] = [
  ["pull", "pull app"],
  ["pull-image", "image pull app"],
  ["pull-quiet", "pull -q app"],
  ["pull-again", "pull app", { pulled: [{ ...PULLED, status: "up-to-date" }] }],
  ["pull-digest", "pull app@sha256:…", { pulled: [{ ...PULLED, name: `example.org/app@${sha256("x")}`, tag: undefined }] }],
  ["pull-all-tags", "pull -a example.org/team/app", { pulled: two }],
  ["pull-all-tags-quiet", "pull --all-tags --quiet example.org/team/app", { pulled: two }],
  ["pull-all-tags-of-one", "pull -a example.org:5000/team/app:1"],
  ["pull-platforms", "pull --platform linux/arm64,linux/amd64 --platform linux/s390x app"],
  ["pull-all-platforms", "pull --platform all app"],
  ["pull-default-platform", "pull app", { env: { DOCKER_DEFAULT_PLATFORM: "linux/arm64" } }],
  ["pull-two", "pull app other"],
  ["pull-help", "pull --help"],
  ["push", "push app"],
  ["push-quiet", "push -q app"],
  ["push-all-tags", "push -a example.org/team/app", { pulled: two }],
  ["push-all-tags-quiet", "image push -a -q example.org/team/app", { pulled: two }],
  ["push-all-tags-of-one", "push -a app@sha256:abc"],
  ["push-one-platform", "push app", { onlyPlatform: "linux/arm64" }],
  ["push-help", "push --help"],
  ["push-bad-progress", "push app", { env: { BUILDKIT_PROGRESS: "fancy" } }],
  ["login", "login -u me -p secret example.org"],
  ["login-helper", "login -u me --password-stdin", { stdin: "secret\r\n", login: () => Promise.resolve("helper") }],
  ["login-stdin-newlines", "login -u me --password-stdin example.org", { stdin: " sec\nret\n\n" }],
  ["login-existing", "login example.org", { login: () => Promise.resolve("before") }],
  ["login-existing-refused", "login example.org", { login: refused }],
  [
    "login-existing-refused-terminal",
    "login example.org",
    {
      ...TTY,
      stdin: "me\nsecret\r",
      login: ({ credentials }) => (credentials ? Promise.resolve("file") : refused()),
    },
  ],
  ["login-refused", "login -u me -p wrong example.org", { login: refused }],
  ["login-asks", "login example.org", { ...TTY, stdin: "me\nsex\u007fcret\n", login: fresh }],
  ["login-asks-password", "login -u me", { ...TTY, stdin: "wrong\u0015secret\r", login: fresh }],
  ["login-asks-user", "login -p secret", { ...TTY, stdin: "  me \r\n", login: fresh }],
  ["login-no-terminal", "login example.org", { login: fresh }],
  ["login-no-terminal-password", "login -u me"],
  ["login-ctrl-c", "login -u me", { ...TTY, stdin: "sec\u0003", login: fresh }],
  ["login-ctrl-d", "login", { ...TTY, stdin: "me\n\u0004", login: fresh }],
  ["login-input-ends", "login -u me", { ...TTY, stdin: "sec", login: fresh }],
  ["login-no-user", "login", { ...TTY, stdin: " \n", login: fresh }],
  ["login-no-password", "login -u me", { ...TTY, stdin: "\r", login: fresh }],
  ["login-empty-stdin", "login -u me --password-stdin"],
  ["login-both-passwords", "login -u me -p secret --password-stdin"],
  ["login-stdin-without-user", "login --password-stdin", { stdin: "secret" }],
  ["login-help", "login --help"],
  ["logout", "logout example.org"],
  ["logout-hub", "logout"],
  ["logout-unknown", "logout never.example"],
  ["doctor", "doctor", { doctor: REPORT }],
  ["doctor-well", "doctor", { doctor: { ...REPORT, ok: true, checks: REPORT.checks.slice(0, 1) } }],
  ["doctor-json", "doctor --format json", { doctor: REPORT }],
  ["doctor-yaml", "doctor --format yaml"],
];

for (const [name, line, options] of CASES) {
  test(name, async (t) => {
    const { code, stdout, stderr, transfers, rawModes } = await runRig(line.split(" "), options);
    const called = transfers.map(([what, given]) => `called: ${what} ${JSON.stringify(given)}\n`).join("");
    const raw = rawModes.length === 0 ? "" : `raw mode: ${rawModes.join(", ")}\n`;
    const errors = stderr === "" ? "" : `--- standard error\n${stderr}`;
    golden(t, `cli/registry/${name}.txt`, `$ tsbuild ${line}\n${stdout}${errors}--- exit ${code}\n${called}${raw}`);
  });
}

test("progress goes to the standard error in the form that the environment names", async (t) => {
  const step = sha256("step");
  const transferring: CliRigOptions["transferring"] = (emit) => {
    const at = now();
    emit({ type: "steps", steps: [announced(step, recordedStep("pulling app"))] });
    emit({ type: "started", step, at });
    emit({ type: "completed", step, at });
    return Promise.resolve();
  };
  const plain = await runRig(["pull", "app"], { transferring });
  t.is(plain.stderr, "#1 pulling app\n#1 DONE 0.0s\n");
  const raw = await runRig(["push", "app"], { transferring, env: { BUILDKIT_PROGRESS: "rawjson" } });
  t.is(JSON.parse(raw.stderr.split("\n")[0] as string).vertexes[0].name, "pulling app");
  const quiet = await runRig(["pull", "-q", "app"], { transferring });
  t.deepEqual([quiet.stderr, quiet.stdout], ["", "docker.io/library/app:latest\n"]);
});

test("a failure is reported once, without the step that is the command itself", async (t) => {
  const transferring = () =>
    Promise.reject(new TsbuildError("registry/not-found", "Cannot get app: no such name", { step: "pulling app", hint: "Check the name" }));
  const run = await runRig(["pull", "app"], { transferring });
  t.deepEqual(
    [run.code, run.stdout, run.stderr],
    [1, "", "error[registry/not-found]: Cannot get app: no such name\nhint: Check the name\n"],
  );
});

for (const command of ["pull", "push"]) {
  test(`${command}: whatever is thrown because of ctrl-c is reported as such`, async (t) => {
    const abort = new AbortController();
    const transferring = () => {
      abort.abort();
      return Promise.reject(new Error("socket hang up"));
    };
    const run = await runRig([command, "app"], { signal: abort.signal, transferring });
    t.is(run.code, 130);
    t.regex(run.stderr, /build\/canceled/);
    t.is(run.stdout, "");
  });
}

test("ctrl-c from outside gives the terminal back while a password is asked for", async (t) => {
  const abort = new AbortController();
  // The input never ends and says nothing; showing the question is what aborts.
  const run = await runRig(["login", "-u", "me"], {
    ...TTY,
    stdin: { silent: true },
    signal: abort.signal,
    onRawMode: () => abort.abort(),
  });
  t.is(run.code, 130, run.stderr);
  t.deepEqual(run.rawModes, [true, false]);
});
