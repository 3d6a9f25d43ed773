import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { build } from "../../../api/build/build.js";
import { TsbuildError } from "../../../core/errors.js";

/** Dockerfile in `c`, beside which stands `a.txt`; what is said of its COPY. */
const CASES: readonly (readonly [what: string, dockerfile: string, message: RegExp, hint: RegExp])[] = [
  [
    "a source above the context",
    "FROM scratch\nCOPY ../a.txt /\n",
    /^Cannot copy "\.\.\/a\.txt" from the build context: "\.\." does not lead out of it, and "a\.txt" is not there$/,
    /--build-context other=DIR.*COPY --from=other/,
  ],
  [
    "one that goes in and out",
    "FROM scratch\nCOPY d/../../a.txt /\n",
    /^Cannot copy "d\/\.\.\/\.\.\/a\.txt" from .*"a\.txt" is not there$/,
    /further up/,
  ],
  [
    ".. that stays inside",
    "FROM scratch\nCOPY d/../a.txt /\n",
    /^Cannot copy "a\.txt" from the build context: there is no such file/,
    /The build context has/,
  ],
  [
    "a source above a stage",
    "FROM scratch AS one\nCOPY d /d\nFROM scratch\nCOPY --from=one ../x /\n",
    /^Cannot copy "\.\.\/x" from stage "one": "\.\." does not lead out of it, and "x" is not there$/,
    /^Leave out the "\.\."$/,
  ],
  [
    "a wrong path of a stage",
    "FROM scratch AS one\nCOPY d /d\nFROM scratch\nCOPY --from=one /d/fiel /\n",
    /^Cannot copy "\/d\/fiel" from stage "one": there is no such file or directory$/,
    /^Did you mean "\/d\/file"\?$/,
  ],
  [
    "a wrong path of a stage that is the same as another",
    "FROM scratch AS one\nCOPY d /d\nFROM scratch AS two\nCOPY d /d\nFROM two\nCOPY --from=one /x /\n",
    /^Cannot copy "\/x" from stage "one": /,
    /^Stage "(?:one|0)" has "d"$/,
  ],
  [
    "a wrong path of a stage that the copying one begins with too",
    "FROM scratch AS base\nCOPY d /d\nFROM base AS one\nFROM base AS two\nCOPY --from=one /x /\n",
    /^Cannot copy "\/x" from stage "one": /,
    /^Stage "(?:one|0)" has "d"$/,
  ],
  [
    "a wrong path of a stage that is counted",
    "FROM scratch\nCOPY d /d\nFROM scratch\nCOPY --from=0 /x /\n",
    /^Cannot copy "\/x" from stage "0": /,
    /^Stage "(?:one|0)" has "d"$/,
  ],
  [
    "a wrong path of an image that is a base too",
    "FROM other\nCOPY --from=other /x /\n",
    /^Cannot copy "x" from the context "other": /,
    /^The context "other" has "file"$/,
  ],
];

for (const [what, dockerfile, message, hint] of CASES) {
  test(`COPY: ${what} is reported as it was written`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-copy-errors-"));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    mkdirSync(join(directory, "c", "d"), { recursive: true });
    writeFileSync(join(directory, "a.txt"), "");
    writeFileSync(join(directory, "c", "d", "file"), "");
    writeFileSync(join(directory, "c", "Dockerfile"), dockerfile);
    for (const noCache of [false, true]) {
      const error = await t.throwsAsync(
        build({
          context: join(directory, "c"),
          root: join(directory, "store"),
          outputs: [{ type: "cacheonly" }],
          buildContexts: { other: join(directory, "c", "d") },
          noCache,
        }),
        { instanceOf: TsbuildError },
      );
      t.is(error?.code, "copy/source-not-found");
      t.regex(error?.message ?? "", message);
      t.regex(error?.hint ?? "", hint);
    }
  });
}
