import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { check, outline, targets } from "../../../api/build/check.js";
import type { CheckOptions } from "../../../api/options/options.js";
import { DiagnosticsError, TsbuildError } from "../../../core/errors.js";

/** Runs `body` in a directory with a Dockerfile and a store, and removes it afterwards. */
async function within(dockerfile: string | Uint8Array, body: (directory: string, options: CheckOptions) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-check-"));
  try {
    const context = join(directory, "context");
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), dockerfile);
    await body(context, { context, root: join(directory, "store") });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const BAD =
  "from scratch AS Base\nMAINTAINER me\nENV a b \\\n\n  c\nEXPOSE 80/TCP\nADD ./ /x/\nCMD run it\nFROM scratch\nCOPY --from=Base /x /y\n";
const GOOD =
  'FROM scratch AS base\nLABEL org.opencontainers.image.authors="me"\nENV a b \\\n  c\nEXPOSE 80/tcp\nCOPY ./ /x/\nCMD ["run", "it"]\nFROM scratch\nCOPY --from=Base /x /y\n';

test("a check finds, and changes nothing", async (t) => {
  await within(BAD, async (directory, options) => {
    const { errors, warnings, fixed, source } = await check(options);
    t.deepEqual(errors, []);
    t.deepEqual(warnings.map(({ rule }) => rule).sort(), [
      "AddInsteadOfCopy",
      "ConsistentInstructionCasing",
      "ExposeProtoCasing",
      "FromAsCasing",
      "JSONArgsRecommended",
      "LegacyKeyValueFormat",
      "MaintainerDeprecated",
      "NoEmptyContinuation",
      "StageNameCasing",
    ]);
    t.deepEqual(fixed, []);
    t.is(source.text, BAD);
    t.is(readFileSync(join(directory, "Dockerfile"), "utf8"), BAD);
    t.false((await check({ ...options, rules: "buildkit" })).warnings.some(({ buildkit }) => !buildkit));
  });
});

test("fixes are written over the file itself: its mode stays, and links to it", async (t) => {
  await within(BAD, async (directory, options) => {
    const file = join(directory, "Dockerfile");
    const link = join(directory, "link");
    chmodSync(file, 0o666);
    symlinkSync("Dockerfile", link);
    const first = await check({ ...options, dockerfile: link, fix: true });
    t.is(first.source.text, GOOD);
    t.is(readFileSync(file, "utf8"), GOOD);
    t.is(statSync(file).mode & 0o777, 0o666);
    t.true(lstatSync(link).isSymbolicLink());
    t.deepEqual(readdirSync(directory).sort(), ["Dockerfile", "link"]);
    t.true(first.fixed.length >= 7);
    t.deepEqual(
      first.warnings.map(({ rule }) => rule),
      ["LegacyKeyValueFormat"],
    );
    const second = await check({ ...options, fix: true });
    t.deepEqual(second.fixed, []);
    t.is(second.source.text, GOOD);
  });
});

test("what is broken is fixed as far as it goes", async (t) => {
  await within("FROM scratch as a\nBOGUS\nEXPOSE 80/TCP\n", async (_directory, options) => {
    const { errors, source } = await check({ ...options, fix: true });
    t.deepEqual(
      errors.map(({ code }) => code),
      ["dockerfile/unknown-instruction"],
    );
    t.is(source.text, "FROM scratch AS a\nBOGUS\nEXPOSE 80/tcp\n");
  });
});

test("a file that is not UTF-8 is not written", async (t) => {
  const bytes = Buffer.from("FROM scratch as a\n# caf\xe9\n", "latin1");
  await within(bytes, async (directory, options) => {
    const error = await t.throwsAsync(() => check({ ...options, fix: true }), { instanceOf: TsbuildError });
    t.is(error?.code, "check/not-written");
    t.deepEqual(readFileSync(join(directory, "Dockerfile")), bytes);
  });
});

test("what is no file is not written", async (t) => {
  await within("FROM scratch\n", async (_directory, options) => {
    const error = await t.throwsAsync(() => check({ ...options, context: Buffer.from("FROM scratch as a\n"), fix: true }), {
      instanceOf: TsbuildError,
    });
    t.is(error?.code, "check/not-written");
    t.is((await check({ ...options, context: Buffer.from("FROM scratch as a\n") })).warnings.length, 1);
  });
});

test("a text is fixed in the result", async (t) => {
  await within("FROM scratch\n", async (directory, options) => {
    const { source } = await check({ ...options, dockerfile: { text: "FROM scratch as a\n" }, fix: true });
    t.is(source.text, "FROM scratch AS a\n");
    t.is(readFileSync(join(directory, "Dockerfile"), "utf8"), "FROM scratch\n");
  });
});

test("all errors of a file are reported at once", async (t) => {
  await within("FROM scratch as a\nBOGUS\nCOPY --frm=a b c\nRUN <<X\nEXPOSE x\n", async (_directory, options) => {
    const { errors, warnings } = await check(options);
    t.deepEqual(
      errors.map(({ code, range }) => `${range?.line} ${code}`),
      ["2 dockerfile/unknown-instruction", "3 dockerfile/unknown-flag", "4 dockerfile/unterminated-heredoc"],
    );
    t.deepEqual(
      warnings.map(({ rule }) => rule),
      ["FromAsCasing"],
    );
    await t.throwsAsync(() => outline(options), { instanceOf: DiagnosticsError });
    await t.throwsAsync(() => targets(options), { instanceOf: DiagnosticsError });
  });
});
