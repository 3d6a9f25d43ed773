import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import test, { type ExecutionContext } from "ava";
import { check } from "../../../api/build/check.js";
import { build } from "../../../api/build/build.js";
import { TEXT_LIMIT } from "../../../api/sources/read-text.js";
import { TsbuildError } from "../../../core/errors.js";

/** Names with a text, `->link`, `|` (a pipe) or `+` (a file that is too long). */
type Files = Readonly<Record<string, string>>;

function directory(t: ExecutionContext, files: Files): string {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-context-text-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ "outside/Dockerfile": "FROM scratch\nLABEL from=outside\n", "c/f": "", ...files })) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), path);
    else if (text === "|") execFileSync("mkfifo", [path]);
    else writeFileSync(path, text === "+" ? "" : text);
    if (text === "+") truncateSync(path, TEXT_LIMIT + 1);
  }
  return root;
}

/** Returns the text of the Dockerfile that a build reads, or its error. */
async function read(root: string, dockerfile?: string): Promise<string | TsbuildError> {
  try {
    const found = await check({
      context: join(root, "c"),
      root: join(root, "store"),
      ...(dockerfile === undefined ? {} : { dockerfile: dockerfile.startsWith("/") ? dockerfile : join(root, dockerfile) }),
    });
    return found.source.text;
  } catch (error) {
    if (error instanceof TsbuildError) return error;
    throw error;
  }
}

const INSIDE = "FROM scratch\nLABEL from=inside\n";

const FOLLOWED: readonly (readonly [what: string, files: Files])[] = [
  ["a file", { "c/Dockerfile": INSIDE }],
  ["a link to a file beside it", { "c/Dockerfile": "->build.txt", "c/build.txt": INSIDE }],
  [
    "a link into a directory, through a link and ..",
    { "c/Dockerfile": "->d/../l/x", "c/l": "->deep/er", "c/d/y": "", "c/deep/er/x": INSIDE },
  ],
  ["an absolute link, which starts at the context's top", { "c/Dockerfile": "->/docker/Dockerfile", "c/docker/Dockerfile": INSIDE }],
  ["a link that would leave by .., which stops at the top", { "c/Dockerfile": "->../../../docker/D", "c/docker/D": INSIDE }],
];

for (const [what, files] of FOLLOWED) {
  test(`the Dockerfile of a context: ${what} is read`, async (t) => {
    t.is(await read(directory(t, files)), INSIDE);
  });
}

const LEADS_OUT = /^Cannot read .*Dockerfile: it is a link to ".*", where there is nothing inside the build context$/;

const REFUSED: readonly (readonly [what: string, files: Files, message: RegExp])[] = [
  ["a link to a file of the machine", { "c/Dockerfile": "->/proc/self/environ" }, LEADS_OUT],
  ["a link to an endless device", { "c/Dockerfile": "->/dev/zero" }, LEADS_OUT],
  ["a link to a neighbour", { "c/Dockerfile": "->../outside/Dockerfile" }, LEADS_OUT],
  ["a link through a directory that is a link", { "c/Dockerfile": "->d/Dockerfile", "c/d": "->../outside" }, LEADS_OUT],
  ["a link to nothing", { "c/Dockerfile": "->none", "c/dockerfile": INSIDE }, LEADS_OUT],
  ["a circle of links", { "c/Dockerfile": "->dockerfile", "c/dockerfile": "->Dockerfile" }, /its links lead in a circle$/],
  ["a pipe", { "c/Dockerfile": "|" }, /Dockerfile: it is a pipe$/],
  ["a directory", { "c/Dockerfile/x": "" }, /Dockerfile: it is a directory$/],
  ["a link to a directory", { "c/Dockerfile": "->d", "c/d/x": "" }, /Dockerfile: it is a directory$/],
  ["a file without end", { "c/Dockerfile": "+" }, /Dockerfile: it has more than 16 MiB$/],
];

for (const [what, files, message] of REFUSED) {
  test(`the Dockerfile of a context: ${what} is refused`, async (t) => {
    const error = await read(directory(t, files));
    t.true(error instanceof TsbuildError, String(error));
    if (!(error instanceof TsbuildError)) return;
    t.is(error.code, "dockerfile/unreadable");
    t.regex(error.message, message);
    if (message === LEADS_OUT) t.regex(error.hint ?? "", /-f PATH/);
  });
}

test("a Dockerfile that is named may be anywhere, but is a file or a pipe", async (t) => {
  const root = directory(t, { "c/Dockerfile": "->../outside/Dockerfile", "other/long": "+" });
  t.regex(String(await read(root, "c/Dockerfile")), /from=outside/);
  t.regex(String(await read(root, "/dev/zero")), /it is a device/);
  t.regex(String(await read(root, "/dev/null")), /it is a device/);
  t.regex(String(await read(root, "other")), /it is a directory/);
  t.regex(String(await read(root, "other/long")), /it has more than 16 MiB/);
});

/** Returns the files that a build copies, or its error. */
async function copied(root: string, dockerfile?: string): Promise<string> {
  try {
    await build({
      context: join(root, "c"),
      root: join(root, "store"),
      ...(dockerfile === undefined ? {} : { dockerfile: join(root, dockerfile) }),
      outputs: [{ type: "local", dest: join(root, "out") }],
    });
    return execFileSync("ls", [join(root, "out")], { encoding: "utf8" })
      .trim()
      .split("\n")
      .join(" ");
  } catch (error) {
    if (error instanceof TsbuildError) return error.message;
    throw error;
  }
}

const COPY = { "c/Dockerfile": "FROM scratch\nCOPY a* b* /\n", "c/a": "", "c/b": "" };

const IGNORED: readonly (readonly [what: string, files: Files, result: RegExp, dockerfile?: string])[] = [
  ["a file", { "c/.dockerignore": "a\n" }, /^b$/],
  ["a link inside the context", { "c/.dockerignore": "->d/ignore", "c/d/ignore": "a\n" }, /^b$/],
  ["a link out of it", { "c/.dockerignore": "->/etc/passwd" }, /^Cannot read .*\.dockerignore: it is a link to "\/etc\/passwd"/],
  ["a link to an endless device", { "c/.dockerignore": "->/dev/zero" }, /\.dockerignore: it is a link to "\/dev\/zero"/],
  ["a pipe", { "c/.dockerignore": "|" }, /\.dockerignore: it is a pipe$/],
  ["a directory", { "c/.dockerignore/x": "" }, /\.dockerignore: it is a directory$/],
  ["a file without end", { "c/.dockerignore": "+" }, /\.dockerignore: it has more than 16 MiB$/],
  ["one of the Dockerfile's own", { "c/Dockerfile.dockerignore": "b\n", "c/.dockerignore": "a\n" }, /^a$/],
  ["a pipe of the Dockerfile's own", { "c/Dockerfile.dockerignore": "|" }, /Dockerfile\.dockerignore: it is a pipe$/],
  ["a link out of it of the Dockerfile's own", { "c/Dockerfile.dockerignore": "->../x", x: "b" }, /Dockerfile\.dockerignore: it is a link/],
  [
    "one beside a Dockerfile that is elsewhere",
    { "e/D": "FROM scratch\nCOPY a* b* /\n", "e/D.dockerignore": "b\n", "c/.dockerignore": "a\n" },
    /^a$/,
    "e/D",
  ],
  [
    "a pipe beside a Dockerfile that is elsewhere",
    { "e/D": "FROM scratch\nCOPY a /\n", "e/D.dockerignore": "|" },
    /D\.dockerignore: it is a pipe$/,
    "e/D",
  ],
];

for (const [what, files, result, dockerfile] of IGNORED) {
  test(`an ignore file: ${what}`, async (t) => {
    t.regex(await copied(directory(t, { ...COPY, ...files }), dockerfile), result);
  });
}

test("a context without a Dockerfile: the directory is named, and Dockerfiles that are elsewhere in it", async (t) => {
  const root = directory(t, { "c/docker/Dockerfile": INSIDE, "c/image/app.Dockerfile": INSIDE, "c/node_modules/x/Dockerfile": INSIDE });
  const error = await read(root);
  t.true(error instanceof TsbuildError);
  if (!(error instanceof TsbuildError)) return;
  t.is(error.code, "dockerfile/not-found");
  t.true(error.message.includes(` in ${join(root, "c")}: `), error.message);
  t.regex(error.hint ?? "", /^There are \S+c\/docker\/Dockerfile, \S+c\/image\/app\.Dockerfile: name one with -f \S+docker\/Dockerfile$/);
  const empty = await read(directory(t, {}));
  t.regex(String((empty as TsbuildError).hint), /^Create one there, or name another with -f PATH$/);
});
