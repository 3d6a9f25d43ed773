import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import { IGNORED, LAYERS, machine } from "../../support/rigs/builder-machine.js";
import { type Behaviour, descriptorAttribute } from "../../support/servers/buildkit-server.js";

// Builders that do what none should.

/** Behaviours that break the protocol, with the code and the text of the build's error. */
const HOSTILE: Readonly<Record<string, readonly [Behaviour, code: string, text: RegExp]>> = {
  "a directory that the build does not offer": [
    async (solve) => {
      await solve.sync({ name: "../../etc" });
      return solve.image(LAYERS);
    },
    "builder/protocol",
    /asked for the directory "\.\.\/\.\.\/etc" with 0 ignore patterns, which the build does not offer/,
  ],
  "the context without its ignore patterns": [
    async (solve) => {
      await solve.sync({ name: "context" });
      return solve.image(LAYERS);
    },
    "builder/protocol",
    /asked for the directory "context" with 0 ignore patterns/,
  ],
  "a file that it was not offered": [
    async (solve) => {
      await solve.sync({ name: "context", exclude: IGNORED, follow: ["a.txt"], numbers: [7] });
      return solve.image(LAYERS);
    },
    "builder/protocol",
    /asked for file 7, which it was not offered/,
  ],
  "a file twice": [
    async (solve) => {
      await solve.sync({ name: "context", exclude: IGNORED, follow: ["a.txt"], numbers: [0] });
      return solve.image(LAYERS);
    },
    "builder/protocol",
    /asked for file 0, which it was not offered, or twice/,
  ],
  "a blob with other bytes": [
    async (solve) => {
      await solve.put(Buffer.from("other"), sha256("one"));
      return solve.image(LAYERS);
    },
    "builder/protocol",
    /other bytes than those of the blob sha256:/,
  ],
  "an image of which a layer is missing": [
    (solve) => solve.image(LAYERS, { without: [1] }),
    "builder/result",
    /names the layer sha256:[0-9a-f]+, which it did not send/,
  ],
  "no image": [async () => new Map(), "builder/result", /does not say which image it made/],
  "an image that is nowhere": [
    async () => descriptorAttribute({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256("none"), size: 4 }),
    "builder/result",
    /./,
  ],
  "fewer layers than the Dockerfile makes": [(solve) => solve.image([]), "builder/result", /0 layers/],
};

for (const [name, [behave, code, text]] of Object.entries(HOSTILE)) {
  test(`a builder that breaks the protocol: ${name}`, async (t) => {
    const { path, build: run } = await machine(t, behave);
    const dest = join(path, "out.tar");
    const error = await t.throwsAsync(run({ outputs: [{ type: "oci", dest }] }), { instanceOf: TsbuildError });
    t.is(error?.code, code, error?.message);
    t.regex(error?.message ?? "", text);
    t.false(existsSync(dest));
  });
}

/** Paths that a builder asks for, and what it gets of the context. */
const PATHS: readonly (readonly [follow: readonly string[], files: readonly string[]])[] = [
  [["../../../etc/passwd"], []],
  [["/etc/passwd"], []],
  [["dir/../../etc"], []],
  [["up"], ["up"]],
  [["dir/*"], ["dir", "dir/b.txt"]],
  [["*.txt"], ["a.txt"]],
  [["link"], ["dir", "dir/b.txt", "link"]],
  [[""], ["Dockerfile", "a.txt", "dir", "dir/b.txt", "link", "unasked", "up", ".dockerignore"].toSorted()],
];

for (const [follow, files] of PATHS) {
  test(`paths of a builder stay in the context: ${JSON.stringify(follow)}`, async (t) => {
    let seen: readonly string[] = [];
    const { context, build: run } = await machine(t, async (solve) => {
      seen = [...(await solve.sync({ name: "context", exclude: IGNORED, follow: [...follow] })).keys()];
      return solve.image(LAYERS);
    });
    symlinkSync("../../../../etc/passwd", join(context, "up"));
    symlinkSync("dir", join(context, "link"));
    await run({ outputs: [{ type: "cacheonly" }] });
    t.deepEqual(seen, files);
  });
}
