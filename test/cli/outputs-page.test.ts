import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { runRig } from "../support/rigs/cli-rig.js";

/** Reads the table of docs/outputs.md: attributes, and the types that take each. */
function attributes(): readonly { readonly name: string; readonly types: ReadonlyMap<string, boolean> }[] {
  const page = readFileSync(join(packageRoot(), "docs", "outputs.md"), "utf8");
  const [head = "", , ...rows] = page.slice(page.indexOf("| attribute |")).split("\n\n")[0]?.split("\n") ?? [];
  const cells = (row: string) => row.split(" | ").map((cell) => cell.replace(/[`|]/g, "").trim());
  const types = cells(head).slice(1, -1);
  return rows.map((row) => {
    const [name = "", ...marks] = row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.replaceAll("`", "").trim());
    return { name, types: new Map(types.map((type, index) => [type, marks[index] === "yes"])) };
  });
}

const VALUES: Readonly<Record<string, string>> = {
  dest: "x",
  name: "app",
  compression: "gzip",
  "compression-level": "1",
  "dangling-name-prefix": "p",
  "annotation.KEY": "v",
};

test("docs/outputs.md says of every attribute which types take it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const rows = attributes();
  t.true(rows.length > 15);
  const wrong: string[] = [];
  for (const { name, types } of rows) {
    for (const [type, taken] of types) {
      const dest = type === "image" || type === "registry" || name === "dest" ? "" : ",dest=x";
      const output = `type=${type}${dest},${name}=${VALUES[name] ?? "true"}`;
      const run = await runRig(["-o", output, "."], { cwd: directory });
      if ((run.code === 0) !== taken) wrong.push(`${output}: ${run.code === 0 ? "taken" : run.stderr}`);
    }
  }
  t.deepEqual(wrong, []);
});

test("what an output takes stands in docs/outputs.md", async (t) => {
  const rows = new Map(attributes().map(({ name, types }) => [name, types]));
  for (const type of ["image", "registry", "oci", "docker", "local", "tar"]) {
    const { stderr } = await runRig(["-o", `type=${type},nosuch=1`, "."]);
    const takes = /it takes (.*)/.exec(stderr)?.[1]?.split(", ") ?? [];
    t.true(takes.length > 0, stderr);
    t.deepEqual(
      takes.filter((name) => !rows.get(name)?.get(type)),
      [],
    );
  }
});
