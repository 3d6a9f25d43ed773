import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { debug } from "../../../api/debug/debug.js";
import { notInstalled, requires, withoutNamespaces, withoutRoot } from "../../support/requires.js";
import { withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// `tsbuild debug`: a shell in a step, as it failed or ended.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutNamespaces());

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN echo root:x:0:0::/root:/bin/sh >/etc/passwd; echo app:x:7:8::/app:/bin/sh >>/etc/passwd
ENV WORD=hello
WORKDIR /srv
RUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/c --mount=type=secret,id=token echo made >made; echo kept >/c/kept; test -e fixed && echo succeeded
`;

/** Value of a secret that no file of the store may have. */
const TOKEN = `token-${process.pid}-of-the-test`;

async function withFailed(body: (rig: Rig, context: string) => Promise<void>): Promise<void> {
  await withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: DOCKERFILE });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    writeFileSync(rig.path("token"), TOKEN);
    await body(rig, context);
  });
}

const SECRET = ["--secret", "id=token,src=token"];

serial("debug: a failed step's files, variables, mounts and secrets, as they were", (t) =>
  withFailed(async (rig, context) => {
    const none = await rig.cli(["debug"]);
    t.is(none.code, 1);
    t.regex(none.stderr, /error\[debug\/no-step\]/);
    const failed = await rig.cli([...SECRET, context]);
    t.is(failed.code, 1);
    const [, hinted = ""] = /hint: "tsbuild debug (\w{12})" opens a shell in the step as it failed/.exec(failed.stderr) ?? [];
    const look = "cat made /c/kept; echo $WORD $(pwd) $(id -u); ls /run/secrets 2>/dev/null; grep -c ' /t tmpfs' /proc/mounts; exit 7";
    const looked = await rig.cli(["debug", "--", "sh", "-c", look]);
    t.deepEqual([looked.code, looked.stdout.toString()], [7, "made\nkept\nhello /srv 0\n1\n"], looked.stderr);
    const asked = await rig.cli([
      "debug",
      hinted,
      "made",
      ...SECRET,
      "--user",
      "app",
      "--",
      "sh",
      "-c",
      "id -u; test -e /run/secrets/token && echo there",
    ]);
    t.is(asked.stdout.toString(), "7\nthere\n", asked.stderr);
    const fixed = await rig.cli(["debug", "--", "sh", "-c", "touch fixed; sh /run/tsbuild/step"]);
    t.deepEqual([fixed.code, fixed.stdout.toString()], [0, "succeeded\n"], fixed.stderr);
    const again = await rig.cli(["debug", hinted, "--", "ls"]);
    t.is(again.stdout.toString(), "made\n", "what a shell changes is thrown away");
    t.regex((await rig.cli(["debug", "--list"])).stdout.toString(), new RegExp(`\\n${hinted} .*\\[5/5\\] RUN `));
    t.regex((await rig.cli(["du"])).stdout.toString(), /failed: \[5\/5\] RUN/);
    for (const path of readdirSync(join(rig.store, "v1"), { recursive: true, withFileTypes: true })) {
      if (path.isFile()) t.false(readFileSync(join(path.parentPath, path.name)).includes(TOKEN), path.name);
    }
    await rig.cli(["prune", "--all", "--force"]);
    t.regex((await rig.cli(["debug"])).stderr, /its files are not in the store/);
  }),
);

const STAGES = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV WORD=hello
WORKDIR /srv
RUN echo one >one; touch gone
FROM base
RUN --mount=type=cache,target=/c --mount=from=base,source=/srv,target=/b echo made >made; echo kept >/c/kept; cat /b/one
COPY --link Dockerfile /srv/copied
RUN chown 5:6 made; rm one; test -e fixed
`;

/** Steps by their spellings, and what a shell in them sees. */
const SEEN: readonly (readonly [operands: readonly string[], script: string, answer: string])[] = [
  [[], "ls; stat -c %u:%g made; echo $WORD $(pwd)", "copied\ngone\nmade\n5:6\nhello /srv\n"],
  [["^0", "base"], "ls; ls /c 2>/dev/null; id -u", "gone\none\n0\n"],
  [["^0", "stage-1 1/3"], "ls; cat /b/one /c/kept", "gone\nmade\none\none\nkept\n"],
  [
    ["^0", ":9"],
    "ls; echo $WORD $(pwd); test -e /run/tsbuild/step || echo no command",
    "copied\ngone\nmade\none\nhello /srv\nno command\n",
  ],
  [["^0", "WORKDIR"], "ls; pwd", "/srv\n"],
];

/** Tiers that this user's steps may have here. */
const TIERS = withoutRoot === undefined ? ["namespaces", "chroot"] : ["namespaces", "supervised"];

for (const tier of TIERS)
  serial(`debug: any step of a build, before and at the one that failed, with isolation ${tier}`, (t) =>
    withRig(async (rig) => {
      const context = rig.context("context", { Dockerfile: STAGES });
      copyFileSync(BUSYBOX as string, join(context, "busybox"));
      const isolation = ["--isolation", tier];
      t.is((await rig.cli([...isolation, context])).code, 1);
      for (const [operands, script, answer] of SEEN) {
        const seen = await rig.cli(["debug", ...isolation, ...operands, "--", "sh", "-c", script]);
        t.deepEqual([seen.code, seen.stdout.toString()], [0, answer], `${operands.join(" ")}: ${seen.stderr}`);
      }
      t.regex((await rig.cli(["debug", ...isolation, "^0", "stage-1 9/9"])).stderr, /error\[history\/step-not-found\]/);
      writeFileSync(join(context, "Dockerfile"), STAGES.replace("test -e fixed", "true"));
      t.is((await rig.cli([...isolation, context])).code, 0);
      const last = await rig.cli(["debug", ...isolation, "--", "ls"]);
      t.is(last.stdout.toString(), "copied\ngone\nmade\n", last.stderr);
      const older = await rig.cli(["debug", ...isolation, "^1", "--", "ls"]);
      t.is(older.stdout.toString(), "copied\ngone\nmade\n", older.stderr);
    }),
  );

serial("debug: a session at a terminal: open, look, fix, run the step again, leave", (t) =>
  withFailed(async (rig, context) => {
    await rig.cli([...SECRET, context]);
    const input = new PassThrough();
    let heard = "";
    let from = 0;
    let wake: (() => void) | undefined;
    const state = { ended: false };
    const exit = debug({
      root: rig.store,
      input,
      terminal: { rows: 24, columns: 200 },
      onOutput: (_stream, data) => {
        heard += Buffer.from(data).toString("latin1");
        wake?.();
      },
    }).finally(() => {
      state.ended = true;
      wake?.();
    });
    const hear = async (text: string): Promise<void> => {
      while (!heard.slice(from).includes(text) && !state.ended) await new Promise<void>((resolve) => (wake = resolve));
      t.true(heard.slice(from).includes(text), heard);
      from = heard.indexOf(text, from) + text.length;
    };
    // The quotes keep what is waited for out of the echo of what is typed.
    for (const [typed, answer] of [
      ["PS1='rea''dy'", "ready"],
      ["cat made; echo look''ed", "looked"],
      ["sh /run/tsbuild/step || echo fail''ed", "failed"],
      ["touch fixed && sh /run/tsbuild/step", "succeeded"],
    ] as const) {
      input.write(`${typed}\n`);
      await hear(answer);
    }
    input.write("exit 5\n");
    t.deepEqual(await exit, { code: 5 });
  }),
);
