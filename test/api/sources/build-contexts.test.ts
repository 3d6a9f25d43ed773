import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import { check } from "../../../api/build/check.js";
import { contextName } from "../../../api/sources/context-name.js";
import type { BuildEvent } from "../../../core/events.js";

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  busybox: [
    "busybox",
    "busybox:latest",
    "library/busybox",
    "docker.io/busybox",
    "docker.io/library/busybox:latest",
    "index.docker.io/library/busybox",
  ],
  "foo/bar": ["foo/bar", "foo/bar:latest", "docker.io/foo/bar", "docker.io/foo/bar:latest"],
  "foo/bar:1": ["foo/bar:1", "docker.io/foo/bar:1"],
  "localhost:1/a": ["localhost:1/a", "localhost:1/a:latest"],
  base: ["base", "Base", "BASE"],
  "busybox::linux/arm64": ["busybox::linux/arm64", "docker.io/library/busybox:latest::linux/arm64"],
};

test("contextName(): every spelling of an image's name is one name", (t) => {
  for (const [name, spellings] of Object.entries(SPELLINGS)) {
    for (const spelling of spellings) t.is(contextName(spelling), name, spelling);
  }
});

function rig(t: ExecutionContext, text: string) {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-contexts-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "files"));
  writeFileSync(join(directory, "files", "f"), "");
  return { directory, files: join(directory, "files"), common: { root: join(directory, "store"), context: Buffer.from(text) } };
}

test("a named context is found under every spelling, in FROM, COPY --from and --mount", async (t) => {
  const asked = ["localhost:1/a", "localhost:1/a:latest"];
  const text = asked.map((name, i) => `FROM ${name} AS s${i}\nCOPY --from=${name} f /\nRUN --mount=from=${name},target=/m x\n`).join("");
  for (const given of asked) {
    const { files, common } = rig(t, text);
    const { errors } = await check({ ...common, buildContexts: { [given]: files } });
    t.deepEqual(errors, [], given);
  }
});

test("a named context that nothing asks for is a warning with what is asked for", async (t) => {
  const { files, common } = rig(t, "FROM scratch AS base\nCOPY --from=foo/bar f /\n");
  const result = await build({
    ...common,
    outputs: [{ type: "cacheonly" }],
    buildContexts: { "docker.io/foo/bar": files, "foo/baz": files, context: files, "other::linux/s390x": files },
  });
  t.deepEqual(
    result.warnings.map(({ code, message, hint }) => ({ code, message, hint })),
    [
      {
        code: "context/unused",
        message: 'The named context "foo/baz" is not used: no FROM, --from or stage that this build needs has this name',
        hint: 'did you mean "foo/bar"? it names base, foo/bar',
      },
      {
        code: "context/unused",
        message: 'The named context "context" is not used: "context" always means what it means without it',
        hint: "it names base, foo/bar",
      },
      {
        code: "context/unused",
        message: 'The named context "other::linux/s390x" is not used: no FROM, --from or stage that this build needs has this name',
        hint: "it names base, foo/bar",
      },
    ],
  );
});

test("a context called context does not replace the build context", async (t) => {
  const { directory, files, common } = rig(t, "");
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY files/f /\n");
  await t.notThrowsAsync(build({ ...common, context: directory, outputs: [{ type: "cacheonly" }], buildContexts: { context: files } }));
});

test("an image that stands for a name is asked for in the name of its context", async (t) => {
  const { common } = rig(t, "FROM foo/bar\n");
  await build({ ...common, context: Buffer.from("FROM scratch\nLABEL a=b\n"), tags: ["mine:1"] });
  const steps: string[] = [];
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "steps") steps.push(...event.steps.map(({ name }) => name));
  };
  await build({
    ...common,
    onEvent,
    outputs: [{ type: "cacheonly" }],
    buildContexts: { "docker.io/foo/bar:latest": "docker-image://mine:1" },
  });
  t.true(steps.includes("[context foo/bar] load metadata for mine:1"), steps.join("\n"));
});
