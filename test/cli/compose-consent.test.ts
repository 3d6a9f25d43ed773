import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { type Files, project } from "./compose-project.js";

/** Files that ask for something, with the flag that allows it. */
const ASKED: readonly (readonly [build: string, flag: string])[] = [
  ["{context: ., network: host}", "--allow=network.host"],
  ["{context: ., privileged: true}", "--allow=security.insecure"],
  ["{context: ., entitlements: [security.insecure]}", "--allow=security.insecure"],
  ["{context: ., dockerfile: ../Dockerfile}", "--allow=fs.read="],
  ["{context: ., cache_from: ['type=local,src=/c']}", "--allow=fs.read=/c"],
  ["{context: ., cache_to: ['type=local,dest=/c']}", "--allow=fs.write=/c"],
  ["{context: ., secrets: [s]}", "--allow=fs.read=/etc/passwd"],
  ["{context: ., dockerfile: link/Dockerfile}", "--allow=fs.read="],
  ["{context: ., dockerfile: /etc/passwd}", "--allow=fs.read=/etc/passwd"],
  ["{context: ., secrets: [up]}", "--allow=fs.read="],
  ["{context: ., secrets: [link]}", "--allow=fs.read="],
  ["{context: ., ssh: [default]}", "--allow=ssh"],
  ["{context: ., ssh: ['k=/run/agent.sock']}", "--allow=fs.read=/run/agent.sock"],
  ["{context: ., ssh: ['k=link/key']}", "--allow=fs.read="],
  ["{context: ., cache_from: ['type=local,src=link/c']}", "--allow=fs.read="],
];

const SECRETS = "{s: {file: /etc/passwd}, up: {file: ../secret}, link: {file: link/secret}}";

for (const [build, flag] of ASKED) {
  test(`compose: not without leave: ${build}`, async (t) => {
    const { cwd, run } = project(
      t,
      { "compose.yaml": `services: {a: {build: ${build}}}\nsecrets: ${SECRETS}\n` },
      { SSH_AUTH_SOCK: "/agent" },
    );
    symlinkSync("/usr", join(cwd, "link"));
    const refused = await run("compose", "build");
    t.is(refused.code, 2);
    t.true(refused.stderr.includes("error[bake/not-allowed]"), refused.stderr);
    const [, hint = ""] = /allow it with (\S+)/.exec(refused.stderr) ?? [];
    t.true(hint.startsWith(flag), refused.stderr);
    t.is(refused.builds.length, 0);
    t.is((await run("compose", hint, "build")).builds.length, 1);
  });
}

/** Compose files that take variables from a file outside of the project. */
const ENV_FILES: readonly (readonly [command: "bake" | "compose", files: Files])[] = [
  ["bake", { "compose.yaml": "services: {a: {env_file: ../secret, build: {context: ., args: [TOKEN]}}}" }],
  ["bake", { "compose.yaml": "services: {a: {env_file: link, build: {context: ., args: [TOKEN]}}}" }],
  [
    "bake",
    {
      "compose.yaml": "include: [{path: i.yaml, env_file: ../secret}]",
      "i.yaml": "services: {a: {build: {context: ., args: {T: $TOKEN}}}}",
    },
  ],
  [
    "compose",
    {
      "compose.yaml": "include: [{path: i.yaml, env_file: ../secret}]",
      "i.yaml": "services: {a: {build: {context: ., args: {T: $TOKEN}}}}",
    },
  ],
  ["compose", { "compose.yaml": "include: [i/i.yaml]", "i/i.yaml": "services: {a: {build: {context: ., args: {T: $TOKEN}}}}" }],
];

for (const [command, files] of ENV_FILES) {
  test(`${command}: no variables from outside without leave: ${files["compose.yaml"]}`, async (t) => {
    const { cwd, run } = project(t, files);
    const secret = join(dirname(cwd), "secret");
    writeFileSync(secret, "TOKEN=secret\n");
    symlinkSync(secret, join(cwd, "link"));
    mkdirSync(join(cwd, "i"), { recursive: true });
    symlinkSync(secret, join(cwd, "i", ".env"));
    const args = command === "bake" ? ["bake"] : ["compose", "build"];
    const refused = await run(...args);
    t.is(refused.code, 2);
    t.true(refused.stderr.includes("error[bake/not-allowed]"), refused.stderr);
    t.is(refused.builds.length, 0);
    const allowed = await run(...args, `--allow=fs.read=${secret}`);
    t.is(Object.values(allowed.builds[0]?.buildArgs ?? {})[0], "secret", allowed.stderr);
  });
}

test("compose: contexts of the project are read unasked, wherever they are", async (t) => {
  const { run } = project(t, { "compose.yaml": "services: {a: {build: {context: .., additional_contexts: {e: /etc}}}}" });
  t.is((await run("compose", "build")).code, 0);
});

/** Projects that lead to the file `outside` beside them, with the name of a link to it. */
const OUTSIDE: readonly (readonly [how: string, files: Files, link?: string])[] = [
  ["include", { "compose.yaml": "include: [../outside]\nservices: {a: {build: .}}" }],
  ["a list of files in include", { "compose.yaml": "include: [{path: [o.yaml, ../outside]}]", "o.yaml": "services: {a: {build: .}}" }],
  ["include of an included file", { "compose.yaml": "include: [o.yaml]", "o.yaml": "include: [../outside]\nservices: {a: {build: .}}" }],
  ["extends", { "compose.yaml": "services: {a: {extends: {file: ../outside, service: s}, build: .}}" }],
  ["a link in include", { "compose.yaml": "include: [link]\nservices: {a: {build: .}}" }, "link"],
  ["a link in extends", { "compose.yaml": "services: {a: {extends: {file: link, service: s}, build: .}}" }, "link"],
  ["the file itself as a link", {}, "compose.yaml"],
  // Compose alone reads these.
  ["the file beside it as a link", { "compose.yaml": "services: {a: {build: .}}" }, "compose.override.yaml"],
  [".env that names the file", { ".env": "COMPOSE_FILE=../outside" }],
];

/** Texts of files that hold a secret, and that are no Compose file, or one with a mistake. */
const SECRET_TEXTS = [
  "hunter2:*:20228:0:99999:7:::\nroot:hunter2:1::::::\n",
  "hunter2\n",
  "a: [hunter2\n",
  "hunter2: &a *a\n",
  '{"auths": {"hunter2": {"auth": "hunter2"}}}\n',
  "services: {s: {hunter2: 1}}\n",
  "services: {s: {image: '${hunter2'}}\n",
  "services: {s: {image: '${hunter2:?hunter2}'}}\n",
  "services: {s: {image: $hunter2, build: {context: ., x: 1}}}\n",
  "services: {s: {build: {context: ., shm_size: hunter2}}}\n",
  "services: {s: {build: {context: ., extra_hosts: [hunter2]}}}\n",
  "services: {s: {extends: {file: hunter2, service: hunter2}, build: .}}\n",
];

for (const command of ["compose", "bake"] as const) {
  const args = command === "bake" ? ["bake"] : ["compose", "build"];
  const ways = command === "bake" ? OUTSIDE.slice(0, 7) : OUTSIDE;
  for (const [how, files, link] of ways) {
    const made = (t: Parameters<typeof project>[0], text: string) => {
      const made = project(t, files);
      const outside = join(dirname(made.cwd), "outside");
      writeFileSync(outside, text);
      if (link !== undefined) symlinkSync(outside, join(made.cwd, link));
      return { ...made, outside };
    };
    test(`${command}: no file from outside without leave: ${how}`, async (t) => {
      const { run, outside } = made(t, "services: {s: {build: {context: project}, image: wanted}}\n");
      for (const more of [[], ["--print"]]) {
        const refused = await run(...args, ...more);
        t.is(refused.code, 2, refused.stderr);
        t.true(refused.stderr.includes("error[bake/not-allowed]"), refused.stderr);
        t.false(`${refused.stdout}${refused.stderr}`.includes("wanted"), refused.stderr);
        t.is(refused.builds.length, 0);
      }
      const allowed = await run(...args, `--allow=fs.read=${dirname(outside)}`);
      t.is(allowed.code, 0, allowed.stderr);
      t.true(allowed.builds.length > 0);
    });
    test(`${command}: no text of a file from outside is shown: ${how}`, async (t) => {
      for (const text of SECRET_TEXTS) {
        const { run } = made(t, text);
        const { code, stdout, stderr } = await run(...args);
        t.not(code, 0, text);
        t.false(`${stdout}${stderr}`.includes("hunter2"), `${text}${stderr}`);
        t.regex(stderr, /outside|link|compose\.\w*\.?yaml/);
      }
    });
  }
}

test("compose, bake: a file of variables shows nothing of its lines", async (t) => {
  for (const text of ["machine h login l password hunter2", "-----BEGIN hunter2-----", "hunter2(=1", "A='hunter2"]) {
    const { run } = project(t, { ".env": text, "compose.yaml": "services: {a: {build: .}}" });
    for (const args of [["compose", "build"], ["bake"]]) {
      const { code, stderr } = await run(...args);
      t.is(code, 2, stderr);
      t.regex(stderr, /line 1 of \.env/);
      t.false(stderr.includes("hunter2"), stderr);
    }
  }
});

test("compose, bake: what is no file is refused, and not waited for", async (t) => {
  const { cwd, run } = project(t, {
    "compose.yaml": "include: [/dev/zero]",
    "o.yaml": "services: {a: {extends: {file: pipe, service: a}}}",
  });
  execFileSync("mkfifo", [join(cwd, "pipe")]);
  t.regex((await run("compose", "build")).stderr, /it is a device/);
  t.regex((await run("bake")).stderr, /it is a device/);
  t.regex((await run("compose", "-f", "o.yaml", "build")).stderr, /it is a pipe/);
  symlinkSync("pipe", join(cwd, "docker-bake.hcl"));
  symlinkSync("pipe", join(cwd, ".env"));
  writeFileSync(join(cwd, "compose.yaml"), "services: {a: {build: .}}");
  t.regex((await run("compose", "build")).stderr, /it is a pipe/);
  t.regex((await run("bake")).stderr, /it is a pipe/);
});
