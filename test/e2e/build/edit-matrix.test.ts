import { chmodSync, cpSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../core/package-root.js";
import { lsetxattr } from "../../../core/system/posix.js";
import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { Rig } from "../../support/rigs/rig.js";

// The table of docs/caching.md, which this test reads: each change is made to an earlier build, and
// the steps that run are counted.

const { serial, host } = busyboxSuite();
const page = readFileSync(join(packageRoot(), "docs", "caching.md"), "utf8");

/**
 * A row of the table: the beginnings of the names of the steps that run, sorted, and the reason of
 * the first.
 */
interface Row {
  readonly steps: readonly string[];
  readonly why: string;
}

function documented(): ReadonlyMap<string, Row> {
  const [, rows = ""] = /\| change .*\n\|[ -|]*\n((?:\|.*\n)+)/.exec(page) ?? [];
  return new Map(
    rows
      .trim()
      .split("\n")
      .map((row) => {
        const [, change = "", , steps = "", why = ""] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
        return [change, { steps: [...steps.matchAll(/`([^`]*)`/g)].map(([, step = ""]) => step).sort(), why: why.replaceAll("`", "") }];
      }),
  );
}

const DOCKERFILE = /```dockerfile\n([\s\S]*?)```/.exec(page)?.[1] ?? "";

/** A change of the context, and the arguments it adds. */
interface Edit {
  readonly files?: (context: string) => void;
  readonly dockerfile?: (text: string) => string;
  readonly args?: readonly string[];
  readonly elsewhere?: true;
  /** Dockerfile of the base image that is pushed before. */
  readonly base?: string;
}

const BASE = "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY marker /marker\n";
const write = (name: string, text: string): Edit => ({ files: (context) => writeFileSync(join(context, name), text) });
const arg = (text: string): Edit => ({ args: ["--build-arg", text] });
const replace = (from: string, to: string): Edit => ({
  dockerfile: (text) => {
    if (!text.includes(from)) throw new Error(`the Dockerfile of docs/caching.md does not hold "${from}"`);
    return text.replace(from, to);
  },
});

const EDITS: Readonly<Record<string, Edit>> = {
  nothing: {},
  "time of a file": { files: (context) => utimesSync(join(context, "src/a.txt"), 1, 1) },
  "content of a file, and of what is made of it": write("src/a.txt", "x\n"),
  "content of a file that the result does not hold": write("src/notes.md", "x\n"),
  "mode of a file": { files: (context) => chmodSync(join(context, "src/notes.md"), 0o600) },
  "attribute of a file": { files: (context) => lsetxattr(join(context, "src/notes.md"), "user.note", Buffer.from("x")) },
  "name of a file": { files: (context) => renameSync(join(context, "src/notes.md"), join(context, "src/other.md")) },
  "new file among those copied": write("src/new.md", ""),
  "new file that is ignored": write("src/new.log", ""),
  "new file that nothing copies": write("other.txt", ""),
  "the directory of the context": { elsewhere: true },
  "build argument that a step names": arg("USED=2"),
  "build argument declared above a step": arg("UNNAMED=2"),
  "build argument declared below all steps": arg("BELOW=2"),
  "build argument declared outside the stage only": arg("GLOBAL=2"),
  "build argument that is not declared": arg("OTHER=2"),
  proxy: arg("HTTP_PROXY=http://proxy:1"),
  "value in ENV": replace("ENV FIRST=1 SECOND=2", "ENV FIRST=3 SECOND=2"),
  "order in ENV": replace("ENV FIRST=1 SECOND=2", "ENV SECOND=2 FIRST=1"),
  "comment in the Dockerfile": replace("COPY src/", "# a comment\nCOPY src/"),
  "case of a keyword, blanks between instructions": replace("COPY src/ ./\n", "\n\ncopy src/ ./\n\n"),
  "label, command, port": replace("LABEL version=1", 'LABEL version=2\nCMD ["sh"]\nEXPOSE 80'),
  command: replace("> /used.txt", "> /used.txt; :"),
  "step in between": replace("COPY src/", "RUN true\nCOPY src/"),
  "stage that the target does not need": replace("RUN echo unrelated", "RUN echo changed"),
  "stage beside": replace("RUN echo side", "RUN echo changed"),
  "order of the last two COPYs": replace(
    "COPY --from=build /out.txt /\nCOPY --from=side /side.txt /\n",
    "COPY --from=side /side.txt /\nCOPY --from=build /out.txt /\n",
  ),
  "`--pull`, base image as before": { args: ["--pull"] },
  "`--no-cache-filter`": { args: ["--no-cache-filter", "side"] },
  "`--no-cache`": { args: ["--no-cache"] },
  "comment that says so": replace("RUN cat", "# tsbuild: cache=never\nRUN cat"),
  "base image moved under its tag, same files": { base: `${BASE}LABEL moved=1\n` },
  "base image moved under its tag, other files": { base: `${BASE}COPY marker /other\n` },
};

/** Returns text without the parts that differ from run to run. */
function shownWhy(text: string): string {
  return text.replaceAll(host(), "$REGISTRY").replaceAll(/sha256:[0-9a-f]{12}/g, "sha256:…");
}

serial("every change of the table runs the steps the table says, for the reason it says", async (t) => {
  const rig = new Rig();
  const table = documented();
  t.deepEqual([...table.keys()], Object.keys(EDITS), "the table and the test hold the same changes");
  const args = (...more: readonly string[]) => ["build", "--progress=plain", "--explain", "--build-arg", `REGISTRY=${host()}`, ...more];
  const pushBase = async (dockerfile: string) => {
    const context = rig.context("base", { Dockerfile: dockerfile, marker: "1" });
    const pushed = await rig.cli(args("-o", `type=registry,name=${host()}/base:1`, context));
    t.is(pushed.code, 0, pushed.stderr);
  };
  try {
    await pushBase(BASE);
    const context = rig.context("context", {
      Dockerfile: DOCKERFILE,
      ".dockerignore": "**/*.log\n",
      "src/a.txt": "a\n",
      "src/b.txt": "b\n",
      "src/notes.md": "notes\n",
    });
    const build = async (directory: string, more: readonly string[] = []) => {
      const ended = await rig.cli(args(...more, "-o", `type=oci,dest=${rig.path("image.tar")}`, directory));
      t.is(ended.code, 0, ended.stderr);
      const why = /^#\d+ ran because (.*)$/m.exec(ended.stderr)?.[1] ?? "";
      return { ran: instructionSteps(ended.stderr).DONE, why: shownWhy(why) };
    };
    t.is((await build(context)).ran.length, 6, "at first all of them run");
    const wrong: string[] = [];
    for (const [change, { steps: expected, why }] of table) {
      const { files, dockerfile, args: more = [], elsewhere, base } = EDITS[change] ?? {};
      if (base !== undefined) await pushBase(base);
      const edited = rig.path(elsewhere ? "elsewhere" : "context");
      const kept = rig.path("kept");
      cpSync(context, kept, { recursive: true, preserveTimestamps: true });
      if (elsewhere) cpSync(context, edited, { recursive: true });
      files?.(edited);
      if (dockerfile) writeFileSync(join(edited, "Dockerfile"), dockerfile(DOCKERFILE));
      const built = await build(edited, more);
      const ran = [...built.ran].sort();
      const fits = expected.every((step) => ran.filter((name) => name.toLowerCase().startsWith(step.toLowerCase())).length === 1);
      if (ran.length !== expected.length || !fits) wrong.push(`${change}: ${ran.join(", ") || "nothing"} ran`);
      if (built.why !== why) wrong.push(`${change}: because ${built.why}`);
      rmSync(context, { recursive: true });
      renameSync(kept, context);
      // The next change is compared with the last build.
      if (base !== undefined) await pushBase(BASE);
      await build(context, base === undefined ? [] : ["--pull"]);
    }
    t.deepEqual(wrong, []);
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
  }
});
