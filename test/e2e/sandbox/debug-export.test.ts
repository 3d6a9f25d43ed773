import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ociTar } from "../../../exporters/oci-tar.js";
import { sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { formatPlatform, hostPlatform } from "../../../oci/platform.js";
import { withRig } from "../../support/images/busybox-suite.js";
import { exportContext, exportRequest, tarOf, type TestEntry, testImage, testStore } from "../../support/images/images.js";
import { busyboxLayer } from "../../support/images/layered-layout.js";
import { notInstalled, requires, withoutNamespaces } from "../../support/requires.js";
import { ordinaryUser, whoCanReach } from "../../support/rigs/as-user.js";
import { CLI, type Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// A failed step that is opened at once, and one that is written to a file for another machine.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutNamespaces());
const user = whoCanReach(ordinaryUser(), CLI);
const asUser = requires(missing, withoutNamespaces(), "reason" in user ? user.reason : undefined).serial;

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ARG API_TOKEN
ENV WORD=hello
WORKDIR /srv
USER 7:8
RUN --mount=type=cache,target=/c --mount=type=secret,id=token echo made >/tmp/made; echo $API_TOKEN >/dev/null; test -e /tmp/fixed && echo succeeded
`;
const TOKEN = `token-${process.pid}-of-the-test`;

/** Builds the failing Dockerfile, and returns the build's exit code and messages. */
async function failing(rig: Rig, ...args: readonly string[]): Promise<{ readonly code: number | undefined; readonly stderr: string }> {
  const context = rig.context("context", { Dockerfile: DOCKERFILE.replace("USER", 'RUN ["/bin/mkdir", "-m", "1777", "/tmp"]\nUSER') });
  copyFileSync(BUSYBOX as string, join(context, "busybox"));
  return await rig.cli([...args, "--build-arg", `API_TOKEN=${TOKEN}`, context]);
}

const LOOK =
  "cat /tmp/made; echo $WORD $(pwd) $(id -u):$(id -g) ${API_TOKEN:-none}; sh /run/tsbuild/step; touch /tmp/fixed; sh /run/tsbuild/step";
const SEEN = "made\nhello /srv 7:8 none\nsucceeded\n";

serial("export and import: a failed step is opened in another store, as it was", (t) =>
  withRig(async (rig) => {
    t.is((await failing(rig)).code, 1);
    const exported = await rig.cli(["debug", "--export", "state.tar"]);
    t.is(exported.code, 0, exported.stderr);
    const text = await rig.spawn("sh", ["-c", `tar -xOf state.tar | grep -c ${TOKEN}`]).ended;
    t.is(text.stdout.toString(), "0\n", "a variable with a secret's name is not in the file");
    const other = ["--root", rig.path("other")];
    const opened = await rig.cli(["debug", ...other, "--import", "state.tar", "--", "sh", "-c", LOOK]);
    t.deepEqual([opened.code, opened.stdout.toString()], [0, SEEN], opened.stderr);
    t.regex(opened.stderr, /not there, as their files are gone: the mounts at \/c/);
    const again = await rig.cli(["debug", ...other, "--", "ls", "/tmp"]);
    t.is(again.stdout.toString(), "made\n", again.stderr);
    t.regex((await rig.cli(["debug", ...other, "--list"])).stdout.toString(), /\nimported-[0-9a-f]{8} .* RUN /);
    t.regex((await rig.cli(["du", ...other])).stdout.toString(), /imported: \[/);
    t.is((await rig.cli(["images", "-q", ...other])).stdout.toString(), "", "it is no image");
    await rig.cli(["prune", "--all", "--force", ...other]);
    t.is((await rig.cli(["debug", ...other, "--", "true"])).code, 1);
    const ended = await rig.cli(["debug", "--export", "ended.tar", "^0", "WORKDIR"]);
    t.is(ended.code, 0, ended.stderr);
    const seen = await rig.cli(["debug", ...other, "--import", "ended.tar", "--", "sh", "-c", "pwd; id -u; ls -A"]);
    t.is(seen.stdout.toString(), "/srv\n0\n", seen.stderr);
  }),
);

asUser("import: another user opens what root exported", (t) =>
  withRig(async (rig) => {
    if ("reason" in user) throw new Error(user.reason);
    t.is((await failing(rig)).code, 1);
    const place = rig.path("of-user");
    mkdirSync(place);
    chmodSync(rig.directory, 0o711);
    const exported = await rig.cli(["debug", "--export", join(place, "state.tar")]);
    t.is(exported.code, 0, exported.stderr);
    chownSync(place, user.uid, user.gid);
    chownSync(join(place, "state.tar"), user.uid, user.gid);
    const command = [
      process.execPath,
      CLI,
      "debug",
      "--root",
      join(place, "store"),
      "--import",
      join(place, "state.tar"),
      "--",
      "sh",
      "-c",
      LOOK,
    ];
    const { code, stdout, stderr } = await rig.spawn(
      "setpriv",
      [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...command],
      { cwd: "/", env: { HOME: user.home, USER: user.name, TMPDIR: "/tmp", XDG_RUNTIME_DIR: "" } },
    ).ended;
    t.deepEqual([code, stdout.toString()], [0, SEEN], stderr);
  }),
);

serial("--on-error: a failed step is saved, and a shell needs a terminal", (t) =>
  withRig(async (rig) => {
    const saved = await failing(rig, "--on-error=save");
    t.is(saved.code, 1);
    t.regex(saved.stderr, /the failed step is in .*failed-step\.tar; "tsbuild debug --import FILE" opens it/);
    t.true(existsSync(rig.path("failed-step.tar")));
    const named = await failing(rig, "--on-error=save=mine.tar");
    t.deepEqual([named.code, existsSync(rig.path("mine.tar"))], [1, true]);
    const opened = await rig.cli(["debug", "--root", rig.path("other"), "--import", "mine.tar", "--", "cat", "/tmp/made"]);
    t.is(opened.stdout.toString(), "made\n", opened.stderr);
    for (const [value, message] of [
      ["shell", /no terminal/],
      ["nothing", /expected shell, save or save=FILE/],
      ["shell=x", /expected shell, save or save=FILE/],
    ] as const) {
      const { code, stderr } = await failing(rig, `--on-error=${value}`);
      t.is(code, 2);
      t.regex(stderr, message);
    }
  }),
);

serial("--on-error: with bake and with several targets, the step that failed first, and secrets of its target", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: `FROM scratch AS base
COPY busybox /bin/busybox
SHELL ["/bin/busybox", "sh", "-c"]
FROM base AS well
RUN /bin/busybox echo fine >/well
FROM base AS ill
RUN --mount=type=secret,id=token /bin/busybox cat /run/secrets/token >/made && /bin/busybox false
`,
      "docker-bake.json": JSON.stringify({
        group: { default: { targets: ["well", "ill"] } },
        target: {
          well: { target: "well", secret: ["id=token,env=OTHER"] },
          ill: { target: "ill", secret: ["id=token,env=MINE"], output: ["type=cacheonly"] },
        },
      }),
    });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    const env = { OTHER: "other", MINE: "mine" };
    const ways = [
      { args: ["bake", "--on-error=save=bake.tar"], options: { cwd: context, env } },
      { args: ["--target", "well,ill", "--secret", "id=token,env=MINE", "--on-error=save=bake.tar", "."], options: { cwd: context, env } },
    ];
    for (const { args, options } of ways) {
      const { code, stderr } = await rig.cli(args, options);
      t.is(code, 1, stderr);
      t.regex(stderr, /the failed step is in .*bake\.tar; "tsbuild debug --import FILE" opens it/);
      const other = ["--root", rig.path("other")];
      const opened = await rig.cli(["debug", ...other, "--import", join(context, "bake.tar"), "--", "/bin/busybox", "cat", "/made"]);
      t.is(opened.stdout.toString(), "mine", opened.stderr);
    }
    const bad = await rig.cli(["bake", "--on-error=nothing"], { cwd: context });
    t.deepEqual([bad.code, /expected shell, save or save=FILE/.test(bad.stderr)], [2, true], bad.stderr);
  }),
);

const atTerminal = requires(missing, withoutNamespaces(), existsSync("/usr/bin/script") ? undefined : "script is not installed").serial;

atTerminal("--on-error=shell: a shell opens in the step at once, and the build fails when it is left", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: `${DOCKERFILE.split("\n").slice(0, 6).join("\n")}\nRUN echo made >made; test -e fixed\n`,
    });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    const command = `${process.execPath} ${CLI} --on-error=shell --progress=plain ${context}; echo code $?`;
    const { process: child, ended } = rig.spawn("script", ["-qefc", command, "/dev/null"], { openInput: true });
    const answers: (readonly [RegExp, string])[] = [
      [/as it failed\. "sh \/run\/tsbuild\/step" runs its command[^]*[#$] /, "PS1='rea''dy '\n"],
      [/ready /, "cat made; touch fixed; sh /run/tsbuild/step && echo fix''ed\n"],
      [/fixed\r*\n/, "exit\n"],
    ];
    let shown = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      shown += chunk.toString("utf8");
      const [next] = answers;
      if (!next?.[0].test(shown)) return;
      answers.shift();
      child.stdin?.write(next[1]);
    });
    await ended;
    t.deepEqual(answers, [], shown);
    t.regex(shown, /made\r*\n/);
    t.regex(shown, /code 1\r*\n/);
  }),
);

/** Layers that reach for something outside, with the place that they would change. */
const HOSTILE: readonly (readonly [what: string, entries: (outside: string) => readonly TestEntry[]])[] = [
  ["a path above the root", () => [{ name: "../../../escaped", text: "x" }]],
  [
    "a file behind a link",
    (outside) => [
      { name: "out", type: "symlink", link: outside },
      { name: "out/escaped", text: "x" },
    ],
  ],
  ["a hard link to a file outside", () => [{ name: "escaped", type: "hardlink", link: "../../../../etc/passwd" }]],
  ["a mount point that is a link", (outside) => [{ name: "run", type: "symlink", link: outside }]],
];

for (const [what, entries] of HOSTILE)
  serial(`import: nothing outside is changed by ${what}`, (t) =>
    withRig(async (rig) => {
      const outside = rig.path("outside");
      mkdirSync(outside);
      const { store, close } = testStore();
      try {
        const layers = [await busyboxLayer(), tarOf(entries(outside))].map((tar) => {
          const { digest, size } = store.blobs.writeSmall(tar);
          const toc = () => Promise.reject(new Error("not read"));
          return { diffId: sha256(tar), blob: { mediaType: mediaTypes.ociLayer, digest, size }, toc };
        });
        const document = {
          version: 1,
          name: "RUN x",
          ended: false,
          network: "default",
          mounts: [],
          secrets: [],
          secretEnv: [{ id: "t", name: "T", optional: true }],
        };
        const annotation = { level: "manifest", platform: undefined, key: "tsbuild.step", value: JSON.stringify(document) } as const;
        const request = exportRequest([testImage(layers, formatPlatform(hostPlatform()))], []);
        await ociTar({ dest: rig.path("state.tar") }).export({ ...request, annotations: [annotation] }, exportContext(store));
      } finally {
        close();
      }
      const { code, stdout, stderr } = await rig.cli([
        "debug",
        "--import",
        "state.tar",
        "--",
        "sh",
        "-c",
        "echo >/escaped 2>/dev/null; echo inside",
      ]);
      t.true(code === 0 ? stdout.toString() === "inside\n" : /^error\[(layer|image|exec|debug)\//m.test(stderr), `${code}: ${stderr}`);
      t.deepEqual(readdirSync(outside), []);
      t.false(["escaped", "../escaped", "store/escaped", "store/v1/escaped"].some((path) => existsSync(rig.path(path))));
    }),
  );
