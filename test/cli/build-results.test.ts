import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { TsbuildError } from "../../core/errors.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { DESCRIPTOR, IMAGE_ID, RESULT } from "../support/rigs/fake-library.js";

test("without -o the image id goes to the standard output, with -o it does not, with -q it does", async (t) => {
  t.is((await runRig(["."])).stdout, `${IMAGE_ID}\n`);
  t.is((await runRig(["-o", "type=oci,dest=x", "."])).stdout, "");
  const quiet = await runRig(["-q", "-o", "type=oci,dest=x", "."]);
  t.is(quiet.stdout, `${IMAGE_ID}\n`);
  t.is(quiet.stderr, "");
});

test("-o - carries the bytes and nothing else, and leaves the standard output open", async (t) => {
  const run = await runRig(["-q", "-o", "-", "."], {
    build: async ({ outputs }) => {
      const output = outputs?.[0];
      if (output?.type !== "tar" || typeof output.dest === "string") throw new Error("expected a stream");
      const { dest } = output;
      await new Promise<void>((done) => dest.end("bytes", () => done()));
      return RESULT;
    },
  });
  t.deepEqual([run.code, run.stdout], [0, "bytes"]);
});

test("--iidfile and --metadata-file", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  try {
    const run = await runRig(["--iidfile", "id", "--metadata-file", "meta.json", "."], { cwd: directory });
    t.is(run.code, 0, run.stderr);
    t.is(readFileSync(join(directory, "id"), "utf8"), IMAGE_ID);
    t.deepEqual(JSON.parse(readFileSync(join(directory, "meta.json"), "utf8")), {
      "containerimage.config.digest": IMAGE_ID,
      "containerimage.descriptor": DESCRIPTOR,
      "containerimage.digest": DESCRIPTOR.digest,
      "image.name": "docker.io/library/app:latest",
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Runs `body` in a directory with a file `file` and a directory `dir`. */
async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  try {
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "file"), "before");
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("an id of an earlier build goes before a build that fails; the metadata stays, as with docker", async (t) =>
  inDirectory(async (cwd) => {
    writeFileSync(join(cwd, "meta.json"), "{}");
    symlinkSync("file", join(cwd, "link"));
    let there: boolean | undefined;
    const build = () => {
      there = existsSync(join(cwd, "link"));
      return Promise.reject(new TsbuildError("test/failed", "it failed"));
    };
    const run = await runRig(["--iidfile", "link", "--metadata-file", "meta.json", "."], { cwd, build });
    t.deepEqual([run.code, there], [1, false]);
    t.is(readFileSync(join(cwd, "file"), "utf8"), "before", "a link goes, and not what it names");
    t.is(readFileSync(join(cwd, "meta.json"), "utf8"), "{}");
  }));

test("a metadata file that is a link keeps being one; what is no file is written to as it is", async (t) =>
  inDirectory(async (cwd) => {
    symlinkSync("file", join(cwd, "link"));
    const run = await runRig(["--iidfile", "/dev/null", "--metadata-file", "link", "."], { cwd });
    t.is(run.code, 0, run.stderr);
    t.true(lstatSync("/dev/null").isCharacterDevice());
    t.true(lstatSync(join(cwd, "link")).isSymbolicLink());
    t.is((JSON.parse(readFileSync(join(cwd, "file"), "utf8")) as Record<string, unknown>)["containerimage.digest"], DESCRIPTOR.digest);
  }));

for (const [line, message] of [
  ["--iidfile none/id", /"none\/id" for --iidfile: there is no directory "none"\nhint: Make it first: mkdir -p none\n$/],
  ["--iidfile file/id", /for --iidfile: "file" is no directory/],
  ["--iidfile dir", /"dir" for --iidfile: it is a directory/],
  ["--metadata-file none/m", /"none\/m" for --metadata-file: there is no directory/],
  ["--check --metadata-file dir", /for --metadata-file: it is a directory/],
] as const) {
  test(`a file that cannot be written is reported before the build: ${line}`, async (t) =>
    inDirectory(async (directory) => {
      const run = await runRig([...line.split(" "), "."], { cwd: directory });
      t.regex(run.stderr.replaceAll(`${directory}/`, ""), message);
      t.deepEqual([run.code, run.builds], [2, []]);
    }));
}

for (const flag of ["--iidfile", "--metadata-file"]) {
  test(`a place that goes while the build runs is reported with its flag: ${flag}`, async (t) =>
    inDirectory(async (cwd) => {
      const build = () => {
        rmSync(join(cwd, "dir"), { recursive: true });
        symlinkSync("dir", join(cwd, "dir"));
        return Promise.resolve(RESULT);
      };
      const run = await runRig([flag, "dir/file", "."], { cwd, build });
      t.is(run.code, 1, run.stderr);
      t.regex(run.stderr, new RegExp(`Cannot write ".*/dir/file" for ${flag}: its symbolic links lead in a circle\nhint: `));
      t.notRegex(run.stderr, /\.tmp-|ELOOP/);
    }));
}

for (const flag of ["--iidfile", "--metadata-file"]) {
  test(`a pipe gets the text when its reader comes, and a ctrl-c ends the wait for one: ${flag}`, async (t) =>
    inDirectory(async (cwd) => {
      const pipe = join(cwd, "pipe");
      execFileSync("mkfifo", [pipe]);
      let reading: Promise<string> | undefined;
      const build = () => {
        reading = readFile(pipe, "utf8");
        return Promise.resolve(RESULT);
      };
      const run = await runRig([flag, "pipe", "."], { cwd, build });
      t.is(run.code, 0, run.stderr);
      t.regex((await reading) ?? "", new RegExp(IMAGE_ID));

      const abort = new AbortController();
      const waiting = runRig([flag, "pipe", "."], { cwd, signal: abort.signal });
      setImmediate(() => abort.abort());
      const canceled = await waiting;
      t.is(canceled.code, 130);
      t.regex(canceled.stderr, /^error\[build\/canceled\]/m);
      t.true(canceled.stderr.includes(`waiting for a reader of ${pipe}\n`), canceled.stderr);
    }));
}

test("BUILDX_METADATA_WARNINGS puts the warnings into the metadata as BuildKit's client writes them", async (t) =>
  inDirectory(async (cwd) => {
    const range = { start: 0, end: 4, line: 2, column: 1, endLine: 2, endColumn: 5 };
    const warning = { severity: "warning", code: "lint/x", rule: "Rule", message: "it is odd", range, hint: "fix it" } as const;
    const warningsWith = async (env: Record<string, string>): Promise<unknown> => {
      const run = await runRig(["--metadata-file", "m", "."], {
        cwd,
        env,
        build: () => Promise.resolve({ ...RESULT, warnings: [warning] }),
      });
      t.is(run.code, 0, run.stderr);
      return (JSON.parse(readFileSync(join(cwd, "m"), "utf8")) as Record<string, unknown>)["buildx.build.warnings"];
    };
    const base64 = (words: string) => Buffer.from(words).toString("base64");
    t.is(await warningsWith({}), undefined);
    t.is(await warningsWith({ BUILDX_METADATA_WARNINGS: "0" }), undefined);
    t.deepEqual(await warningsWith({ BUILDX_METADATA_WARNINGS: "1" }), [
      {
        level: 1,
        short: base64("Rule: it is odd (line 2)"),
        detail: [base64("fix it")],
        range: [{ start: { line: 2, character: 0 }, end: { line: 2, character: 4 } }],
      },
    ]);
  }));

test("provenance is in the metadata as buildx writes it: short, whole or not at all, by platform where there are several", async (t) =>
  inDirectory(async (cwd) => {
    const predicate = { builder: { id: "" }, buildConfig: { llbDefinition: [] }, metadata: {} };
    const metadataWith = async (platforms: readonly string[], mode?: string): Promise<Record<string, unknown>> => {
      const provenance = Object.fromEntries(platforms.map((platform) => [platform, predicate]));
      const run = await runRig(["--metadata-file", "m", "."], {
        cwd,
        env: mode === undefined ? {} : { BUILDX_METADATA_PROVENANCE: mode },
        build: () => Promise.resolve({ ...RESULT, provenance }),
      });
      t.is(run.code, 0, run.stderr);
      return JSON.parse(readFileSync(join(cwd, "m"), "utf8"));
    };
    const key = "buildx.build.provenance";
    t.deepEqual((await metadataWith(["linux/amd64"]))[key], { builder: { id: "" } });
    t.deepEqual((await metadataWith(["linux/amd64"], "max"))[key], predicate);
    for (const mode of ["disabled", "false"]) t.is((await metadataWith(["linux/amd64"], mode))[key], undefined);
    const several = await metadataWith(["linux/amd64", "linux/arm64"]);
    t.deepEqual(
      Object.keys(several).filter((name) => name.startsWith(key)),
      [`${key}/linux/amd64`, `${key}/linux/arm64`],
    );
  }));
