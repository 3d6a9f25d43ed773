import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { golden } from "../support/golden.js";
import { type Files, project } from "./compose-project.js";

test("compose: warnings: a variable that is not set, and nothing to build", async (t) => {
  const { run } = project(t, { "compose.yaml": "services: {a: {image: a$A}, b: {image: b, build: ., profiles: [x]}}" });
  const { code, stderr, builds } = await run("compose", "build");
  t.is(code, 0);
  t.is(builds.length, 0);
  t.regex(stderr, /The variable "A" is not set/);
  t.regex(stderr, /There is nothing to build/);
});

/** Files that are refused, with arguments, and what is shown. */
const REFUSED: readonly (readonly [text: string, args?: readonly string[], others?: Files])[] = [
  ["services: {a: {biuld: .}}"],
  ["services: {a: {build: {contxt: .}}}"],
  ["service: {}"],
  ["services:\n  a:\n    biuld:\n      context: .\n      target: b"],
  ["x-a: &a {biuld: .}\nservices: {a: {<<: *a}}"],
  ["services: []"],
  ["services:"],
  ["services: {a: {ports: [1]}}"],
  ["services: {a: {image: a}}\nsecrets: {s: {name: x}}"],
  ["- a"],
  ["services: {a: }"],
  ["services: {a: {image: 1}}"],
  ["services: {a: {build: {args: [1], tags: x, ulimits: {n: {soft: 1}}}}}"],
  ["services:\n\ta: {}"],
  ["services: {a: {build: ., build: .}}"],
  ["a: &a [*a]"],
  ["services: {a: *nothing}"],
  ["services: {a: {image: '${'}}"],
  ["services: {a: {image: '${A:?set it}'}}"],
  ["services: {a: {image: '${A?}'}}"],
  ["services: {a: {image: '${1}'}}"],
  ["services: {a: {build: {context: ., no_cache: maybe}}}"],
  ["services: {a: {build: {context: ., shm_size: lots}}}"],
  ["services: {a: {build: {context: ., ulimits: {nofile: many}}}}"],
  ["services: {a: {build: {context: ., extra_hosts: [h]}}}"],
  ["services: {a: {build: {context: ., extra_hosts: {'a:b': x}}}}"],
  ["services: {a: {build: {context: ., ssh: [k]}}}"],
  ["services: {a: {build: {context: ., additional_contexts: [k]}}}"],
  ["services: {a: {build: {context: ., dockerfile: D, dockerfile_inline: FROM scratch}}}"],
  ["services: {a: {build: {context: ., secrets: [s]}}}"],
  ["services: {a: {build: {context: ., secrets: [s]}}}\nsecrets: {s: {external: true}}"],
  ["services: {a: {build: {context: ., additional_contexts: {x: 'service:b'}}}}"],
  ["services: {a: {build: {context: ., additional_contexts: {x: 'service:b'}}}, b: {image: b}}"],
  ["services: {a: {build: {context: ., additional_contexts: {x: 'service:a'}}}}"],
  ["services: {a: {platform: linux/386, build: {context: ., platforms: [linux/amd64]}}}"],
  ["services: {a: {build: {context: ., cache_to: ['ref=x']}}}"],
  ["services: {a: {extends: b}, b: {extends: a}}"],
  ["services: {a: {extends: c}, b: {image: b}}"],
  ["services: {a: {extends: {file: no.yaml, service: b}}}"],
  ["services: {a: {extends: {file: o.yaml, service: a}}}", [], { "o.yaml": "services: {a: {extends: {file: compose.yaml, service: a}}}" }],
  ["include: [o.yaml]", [], { "o.yaml": "include: [compose.yaml]" }],
  ["include: [no.yaml]"],
  ["include: ['https://example.com/x.git']"],
  ["include: [{path: []}]"],
  ["services: {a: {image: x}}", ["web"]],
  ["services: {web: {image: x}}", ["wbe"]],
  ["services: {a: {image: x}}", ["-p", "Bad Name"]],
  ["services: {a: {image: $A}}", [], { ".env": "A=1\nB='x\n" }],
  ["services: {a: {image: $A}}", [], { ".env": "A B=1" }],
  ["services: {a: {image: $A}}", [], { ".env": "A(=1" }],
  ["services: {a: {image: x}}", ["--env-file", "none"]],
  ["services: {a: {image: x}}", ["-f", "none.yaml"]],
  ["services: {a: {build: .}}", ["--ssh", "k"]],
];

test("compose: what is refused is shown with its place", async (t) => {
  const shown: string[] = [];
  for (const [text, args = [], others = {}] of REFUSED) {
    const { cwd, run } = project(t, { "compose.yaml": `${text}\n`, ...others });
    const { code, stderr, builds } = await run(
      "compose",
      ...args.filter((arg) => arg.startsWith("-") || args.length > 1),
      "build",
      ...args.filter((arg) => !arg.startsWith("-") && args.length === 1),
    );
    t.is(builds.length, 0);
    t.true(code === 1 || code === 2, `${text}: ${code}`);
    shown.push(
      `${[text, ...args, ...Object.entries(others).map(([name, other]) => `${name}: ${other}`)].join("\n")}\n=>\n${stderr.replaceAll(cwd, "/w")}`,
    );
  }
  golden(t, "compose-refused.expected.txt", shown.join("\n"));
});

test("bake: a wrong name in a Compose file is underlined, and not its value", async (t) => {
  for (const [text, column, marks] of [
    ["services: {a: {build: {context: ., x-bake: {tgs: [x]}}}}", 45, "^^^"],
    ["services: {a b: {build: {context: .}}}", 12, "^^^"],
  ] as const) {
    const { run } = project(t, { "compose.yaml": text });
    const { stderr } = await run("bake");
    t.true(stderr.includes(`compose.yaml:1:${column}\n`), stderr);
    t.regex(stderr, new RegExp(`\\| +${marks.replaceAll("^", "\\^")}\n`));
  }
});

test("compose: a file whose aliases have no end of values is refused", async (t) => {
  const levels = Array.from(
    { length: 12 },
    (_, i) => `x-${i}: &n${i} [${Array.from({ length: 10 }, () => (i === 0 ? "a" : `*n${i - 1}`)).join(", ")}]`,
  );
  const { run } = project(t, { "compose.yaml": levels.join("\n") });
  const { code, stderr } = await run("compose", "build");
  t.is(code, 1);
  t.regex(stderr, /more than 100000 values/);
});

test("bake: a broken Compose file beside the bake file is an error, as in buildx", async (t) => {
  const { cwd, run } = project(t, { "compose.yaml": "services: {a: {build: [x]}}", "docker-bake.hcl": 'target "default" {}' });
  t.true(existsSync(join(cwd, "compose.yaml")));
  const { code, stderr } = await run("bake");
  t.is(code, 1);
  t.regex(stderr, /error\[compose\/value\]/);
});
