import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { build } from "../../../api/build/build.js";
import type { BuildOptions } from "../../../api/options/options.js";
import { TsbuildError } from "../../../core/errors.js";
import { makeBusyboxLayout, missingForBusybox } from "../../support/images/base-image.js";
import { ProjectOnDisk } from "../../support/samples/project-on-disk.js";
import { removeTree } from "../../support/remove-tree.js";
import { type Edit, edits, filesOnly, type Project, project, withRuns } from "../../support/samples/random-project.js";
import { notInstalled, requires } from "../../support/requires.js";

// After any earlier builds, a build has the result of one in an empty store.
// TSBUILD_TEST_CASES=1000 TSBUILD_TEST_SEED=7 makes it long, and different.

const CASES = Number(process.env["TSBUILD_TEST_CASES"] ?? 10);
/** Number of cases that run steps, which take ten times as long. */
const RUNS = Math.ceil(CASES / 5);
const SEED = Number(process.env["TSBUILD_TEST_SEED"] ?? 1);

const missing = missingForBusybox();
const busybox = mkdtempSync(join(tmpdir(), "tsbuild-incremental-base-"));
test.before(async () => {
  if (missing === undefined) await makeBusyboxLayout(busybox);
});
test.after.always(() => rmSync(busybox, { recursive: true, force: true }));

interface Outcome {
  /** Digest of the manifest, or the error. */
  readonly result: string;
  /** Steps that ran; undefined when the build failed. */
  readonly executed: number | undefined;
}

/**
 * One directory with a project, its base image, and stores: one that remembers, and others that are
 * new.
 */
class Comparison {
  readonly directory: string;
  readonly project: ProjectOnDisk;
  #stores = 0;

  constructor(directory: string, value: Project) {
    this.directory = directory;
    this.project = new ProjectOnDisk(directory, value);
  }

  incremental(): Promise<Outcome> {
    return this.#build(join(this.directory, "store"));
  }

  /** Builds in an empty store, which is removed afterwards. */
  async fresh(caches: Pick<BuildOptions, "cacheFrom" | "cacheTo"> = {}): Promise<Outcome> {
    const root = join(this.directory, `fresh-${this.#stores++}`);
    const outcome = await this.#build(root, caches);
    removeTree(root);
    return outcome;
  }

  async edit(change: Edit): Promise<void> {
    this.project.apply(change);
    if (change.edit === "put-base") await this.rebase();
  }

  /** Makes the base image again, under the same name. */
  async rebase(): Promise<void> {
    const layout = join(this.directory, "layout");
    rmSync(layout, { recursive: true, force: true });
    await build({
      root: join(this.directory, "base-store"),
      context: this.project.base,
      dockerfile: { text: "FROM scratch\nCOPY . /\nENV FROM_BASE=1\n" },
      buildArgs: { SOURCE_DATE_EPOCH: "1000000000" },
      outputs: [{ type: "oci", dest: layout, tar: false, names: ["docker.io/library/base:latest"] }],
      history: false,
    });
  }

  /** Returns a description of the case for messages. */
  after(change: Edit | undefined): string {
    return `after ${JSON.stringify(change)} of\n${this.project.dockerfile}`;
  }

  async #build(root: string, caches: Pick<BuildOptions, "cacheFrom" | "cacheTo"> = {}): Promise<Outcome> {
    const { options } = this.project;
    try {
      const { descriptor, stats } = await build({
        ...options,
        ...caches,
        root,
        buildContexts: {
          ...options.buildContexts,
          base: `oci-layout://${join(this.directory, "layout")}`,
          busybox: `oci-layout://${busybox}`,
        },
        outputs: [{ type: "image", names: ["app"] }],
      });
      return { result: String(descriptor?.digest), executed: stats.executed };
    } catch (error) {
      if (!(error instanceof TsbuildError)) throw error;
      return { result: `${error.code}: ${error.message}`.replaceAll(this.directory, ""), executed: undefined };
    }
  }
}

async function withComparison(value: Project, body: (comparison: Comparison) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-incremental-"));
  try {
    const comparison = new Comparison(directory, value);
    await comparison.rebase();
    await body(comparison);
  } finally {
    removeTree(directory);
  }
}

const assertProperty = <T>(property: fc.IAsyncProperty<T>, cases: number): Promise<void> =>
  fc.assert(property, {
    numRuns: cases,
    seed: SEED,
    includeErrorInReport: true,
    endOnFailure: process.env["TSBUILD_TEST_SEED"] === undefined,
  });

const sameAsFresh = (value: Project, changes: readonly Edit[]) =>
  withComparison(value, async (comparison) => {
    const undo = comparison.project.snapshot();
    const first = await comparison.incremental();
    for (const change of [undefined, ...changes]) {
      if (change) await comparison.edit(change);
      const incremental = await comparison.incremental();
      const fresh = await comparison.fresh();
      const again = await comparison.incremental();
      const after = comparison.after(change);
      if (incremental.result !== fresh.result) throw new Error(`${incremental.result} is not ${fresh.result} ${after}`);
      if (again.result !== fresh.result) throw new Error(`once more: ${again.result} is not ${fresh.result} ${after}`);
      if (again.executed) throw new Error(`${again.executed} steps ran though nothing changed ${after}`);
      if (change && ["touch", "move", "comment"].includes(change.edit) && incremental.executed)
        throw new Error(`${incremental.executed} steps ran ${after}`);
    }
    // A base image that was changed stays.
    if (changes.some((change) => change.edit === "put-base")) return;
    undo();
    const undone = await comparison.incremental();
    if (undone.result !== first.result) throw new Error(`undone: ${undone.result} is not ${first.result} ${comparison.after(undefined)}`);
    if (undone.executed) throw new Error(`${undone.executed} steps ran though all was undone ${comparison.after(undefined)}`);
  });

test(`${CASES} random projects, edited again and again: each build gives what it gives in an empty store`, async (t) => {
  await t.notThrowsAsync(assertProperty(fc.asyncProperty(project(filesOnly), edits(filesOnly, 8), sameAsFresh), CASES));
});

requires(notInstalled(missing))(`${RUNS} random projects with steps that run, edited again and again`, async (t) => {
  await t.notThrowsAsync(assertProperty(fc.asyncProperty(project(withRuns), edits(withRuns, 5), sameAsFresh), RUNS));
});

test(`${CASES} random projects whose cache is exported: a build with it gives what it gives in an empty store`, async (t) => {
  const sameWithCache = (value: Project, changes: readonly Edit[], mode: "min" | "max") =>
    withComparison(value, async (comparison) => {
      const dest = join(comparison.directory, "cache");
      const caches = [{ type: "local", src: dest }] as const;
      const first = await comparison.fresh({ cacheTo: [{ type: "local", dest, mode }] });
      if (first.executed === undefined) return;
      for (const change of [undefined, ...changes]) {
        if (change) await comparison.edit(change);
        const fresh = await comparison.fresh();
        // Passed on to another cache, which must be as good.
        const passed = join(comparison.directory, "passed");
        const imported = await comparison.fresh({ cacheFrom: caches, cacheTo: [{ type: "local", dest: passed, mode }] });
        const after = comparison.after(change);
        if (imported.result !== fresh.result) throw new Error(`${imported.result} is not ${fresh.result} ${after}`);
        if (!change && imported.executed) throw new Error(`${imported.executed} steps ran though the cache has them ${after}`);
        if (fresh.executed === undefined) continue;
        const again = await comparison.fresh({ cacheFrom: [{ type: "local", src: passed }] });
        if (again.result !== fresh.result) throw new Error(`passed on: ${again.result} is not ${fresh.result} ${after}`);
        if (again.executed) throw new Error(`${again.executed} steps ran though the cache that was passed on has them ${after}`);
      }
    });
  await t.notThrowsAsync(
    assertProperty(fc.asyncProperty(project(filesOnly), edits(filesOnly, 4), fc.constantFrom("min", "max"), sameWithCache), CASES),
  );
});
