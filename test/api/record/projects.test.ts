import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { build } from "../../../api/build/build.js";
import { openBuildHistory } from "../../../api/store/build-history.js";
import type { BuildOptions } from "../../../api/options/options.js";
import type { StepExplanation } from "../../../core/events.js";

const DOCKERFILE = "FROM scratch AS base\nCOPY a /\nCOPY b /\nFROM base\nCOPY c /\n";

/**
 * A build in a directory of its own: files that differ, its name, and the reason of the steps that
 * run.
 */
interface Checkout {
  readonly directory: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: BuildOptions;
  readonly dockerfile?: string;
  /** `$` stands for the directory above all contexts. */
  readonly why: readonly string[];
}

const NEW = "it is new: no earlier build had this step";
const before = (place: string) => `the step before it (${place}) gave another result`;
const REST = [before("[base 1/2] COPY a /"), before("[base 2/2] COPY b /")];

/** One after the other, in one store. */
const CHECKOUTS: readonly Checkout[] = [
  { directory: "1/app", options: { tags: ["reg/app:1"] }, why: [NEW, NEW, NEW] },
  { directory: "2/app", options: { tags: ["reg/app:2"] }, files: { a: "2" }, why: ["a changed (content), compared with $/1/app", ...REST] },
  // Without a name it is like the one before by its steps; the Dockerfile is elsewhere too.
  {
    directory: "3/app",
    dockerfile: "docker/app.Dockerfile",
    files: { b: "3" },
    why: [`b changed (content); ${before("[base 1/2] COPY a /")}, compared with $/2/app`, before("[base 2/2] COPY b /")],
  },
  // Once more in a directory that was built: it is compared with that, not with what was used last.
  { directory: "2/app", options: { tags: ["reg/app:3"] }, files: { a: "2", c: "4" }, why: ["c changed (content)"] },
  // The Dockerfile of another project is the same, as they are made from templates.
  { directory: "1/web", options: { tags: ["reg/web:1"] }, files: { a: "web" }, why: [NEW, NEW, NEW] },
  { directory: "1/web", options: { tags: ["reg/web:2"] }, files: { a: "web", c: "5" }, why: ["c changed (content)"] },
  // One directory for all that is built: what has the name goes first.
  { directory: "1/web", options: { tags: ["reg/app:9"] }, files: { a: "web", c: "6" }, why: ["c changed (content)"] },
  {
    directory: "1/web",
    dockerfile: "few.Dockerfile",
    files: { c: "7" },
    why: [NEW],
  },
];

test("steps are compared with the project they are of, wherever it is checked out", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-projects-"));
  try {
    const root = join(directory, "store");
    for (const [index, { directory: name, files, options, dockerfile = "Dockerfile", why }] of CHECKOUTS.entries()) {
      const context = join(directory, name);
      rmSync(context, { recursive: true, force: true });
      const text = dockerfile.startsWith("few") ? "FROM scratch\nCOPY c /c/\n" : DOCKERFILE;
      for (const [path, content] of Object.entries({ a: "1", b: "1", c: "1", [dockerfile]: text, ...files })) {
        mkdirSync(dirname(join(context, path)), { recursive: true });
        writeFileSync(join(context, path), content);
      }
      const found: StepExplanation[] = [];
      await build({
        context,
        root,
        dockerfile: join(context, dockerfile),
        outputs: [{ type: "cacheonly" }],
        onEvent: (event) => void (event.type === "explained" && found.push(event.explanation)),
        ...options,
      });
      const reported = found.filter(({ outcome }) => outcome === "ran").map(({ text: said }) => said.replaceAll(directory, "$"));
      t.deepEqual(reported, why, `checkout ${index + 1}`);
    }
    using history = await openBuildHistory({ root });
    t.is(history.list().length, CHECKOUTS.length);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
