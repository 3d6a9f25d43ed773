import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { requires, withoutProgram } from "../../../support/requires.js";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import { TsbuildError } from "../../../../core/errors.js";
import type { FileOp } from "../../../../llb/ops.js";
import type { FileTree } from "../../../../oci/layer/model/toc.js";
import { compileComponent, hasWildcard } from "../../../../solver/ops/file/glob.js";
import { fileOpBase } from "../../../../solver/ops/file/plan-file-op.js";
import { IgnoreRules } from "../../../../solver/ops/local/ignore-rules.js";
import { LocalTree } from "../../../../solver/ops/local/local-tree.js";
import { casePath } from "../../../support/golden.js";
import { fileOpOf } from "../../../support/samples/copy-line.js";
import { archiveOf } from "../../../support/samples/file-op-archive.js";
import { formatSections, parseSections, type SectionCase } from "../../../support/sections.js";
import { contentOf, memoryTree, parseTree, planText, writeTree } from "../../../support/tree-text.js";
import { packedPlan, stepsOf } from "../../../../oci/layer/write/packed-plan.js";
import { MTIME, directory, plan, COPY } from "./rig.js";

/** Returns the source of a case: a directory on disk for a context, memory for a stage. */
function sourceOf({ sections }: SectionCase): FileTree {
  const stage = sections.get("stage");
  if (stage !== undefined) return memoryTree(parseTree(stage));
  const root = directory();
  writeTree(root, parseTree(sections.get("context") ?? ""));
  for (const [name, text] of sections) {
    if (!name.startsWith("archive ")) continue;
    const file = name.slice("archive ".length);
    const bytes = archiveOf(parseTree(text));
    writeFileSync(join(root, file), file.endsWith(".gz") ? gzipSync(bytes) : bytes);
  }
  const rules = (sections.get("ignore") ?? "")
    .split("\n")
    .flatMap((pattern, index) => (pattern.startsWith("#") ? [] : [{ pattern, line: index + 1 }]));
  return new LocalTree(root, { ignore: new IgnoreRules(rules) });
}

async function outcome(found: SectionCase): Promise<readonly [string, string]> {
  const base = found.sections.get("base");
  const op = fileOpOf((found.sections.get("step") ?? "").trim());
  try {
    const made = await plan(op, [base === undefined ? undefined : memoryTree(parseTree(base)), sourceOf(found)]);
    for (const entry of made.entries) {
      const bytes = contentOf(entry);
      if (bytes && entry.digest !== sha256(bytes)) throw new Error(`wrong digest of ${entry.path}`);
    }
    return ["layer", planText(made)];
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return ["error", `${error.code}\n${error.message}\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`];
  }
}

test("an archive that would unpack to more than the limit is refused, plain or compressed", async (t) => {
  const root = directory();
  writeFileSync(join(root, "huge"), "");
  truncateSync(join(root, "huge"), 2 ** 40);
  execFileSync("tar", ["-C", root, "--sparse", "-cf", join(root, "bomb.tar"), "huge"]);
  writeFileSync(join(root, "bomb.tgz"), gzipSync(readFileSync(join(root, "bomb.tar"))));
  for (const name of ["bomb.tar", "bomb.tgz"]) {
    await t.throwsAsync(plan(fileOpOf(`ADD ${name} /d/`), [undefined, new LocalTree(root, { ignore: new IgnoreRules([]) })]), {
      code: "layer/too-large",
      message: new RegExp(`Cannot unpack "${name}": it unpacks to more than 1073741824 bytes`),
    });
  }
});

for (const file of readdirSync(casePath("file-op")).sort()) {
  const text = readFileSync(casePath("file-op", file), "utf8");
  const cases = parseSections(text);
  if (process.env["UPDATE_GOLDEN"]) {
    test.serial(`${file}: rewritten`, async (t) => {
      const updated: SectionCase[] = [];
      for (const found of cases) {
        const [name, result] = await outcome(found);
        const kept = [...found.sections].filter(([section]) => section !== "layer" && section !== "error" && section !== "peer");
        const peer = found.sections.get("peer");
        updated.push({
          title: found.title,
          sections: new Map([...kept, [name, result], ...(peer === undefined ? [] : [["peer", peer] as const])]),
        });
      }
      writeFileSync(casePath("file-op", file), formatSections(text.slice(0, text.indexOf("=== ")), updated));
      t.pass();
    });
    continue;
  }
  for (const found of cases) {
    test(`${file}: ${found.title}`, async (t) => {
      const [name, result] = await outcome(found);
      t.is(
        `${name}\n${result}`,
        found.sections.has("layer") ? `layer\n${found.sections.get("layer")}` : `error\n${found.sections.get("error")}`,
      );
    });
  }
}

test("a heredoc: a file made in an empty filesystem, then copied from there", async (t) => {
  const op: FileOp = {
    kind: "file",
    actions: [
      { action: "mkfile", input: -1, path: "/EOF", mode: 0o644, data: Buffer.from("hello\n").toString("base64") },
      { ...COPY, input: 0, secondaryInput: 1, src: "/EOF", dest: "/etc/motd", mode: 0o600, followSymlinks: false, dirCopyContents: false },
    ],
  };
  const made = await plan(op, [memoryTree(parseTree("d 755 0:0 etc"))]);
  t.is(planText(made), "d 755 0:0 etc\nf 600 0:0 etc/motd = hello\\n\n");
  t.is(fileOpBase(op, 1), 0);
  t.deepEqual([...made.entries].find(({ path }) => path === "etc/motd")?.mtime, MTIME);
});

test("a result that several actions use is changed for each of them alone", async (t) => {
  const op: FileOp = {
    kind: "file",
    actions: [
      { action: "mkfile", input: -1, path: "/a", mode: 0o644, data: "" },
      { action: "mkfile", input: 0, path: "/b", mode: 0o644, data: "" },
      { action: "mkdir", input: 0, path: "/d", mode: 0o755, makeParents: false },
      { ...COPY, input: 2, secondaryInput: 1 },
    ],
  };
  t.is(planText(await plan(op, [])), "f 644 0:0 a = \nf 644 0:0 b = \nd 755 0:0 d\n");
  t.is(fileOpBase(op, 0), -1);
});

test("a directory that is removed and made again hides what was in it", async (t) => {
  const base = memoryTree(parseTree("d 755 0:0 d\nf 644 0:0 d/old = o\nd 755 0:0 d/sub\nf 644 0:0 d/sub/x = x"));
  const rm = (path: string, input: number) => ({ action: "rm", input, path, allowNotFound: false, allowWildcard: false }) as const;
  const again: FileOp = {
    kind: "file",
    actions: [rm("/d", 0), { action: "mkdir", input: 1, path: "/d/new", mode: 0o755, makeParents: true }],
  };
  t.is(planText(await plan(again, [base])), "o 755 0:0 d\nd 755 0:0 d/new\n");
  const file: FileOp = { kind: "file", actions: [rm("/d", 0), { action: "mkfile", input: 1, path: "/d", mode: 0o644, data: "" }] };
  t.is(planText(await plan(file, [base])), "f 644 0:0 d = \n");
  const inside: FileOp = { kind: "file", actions: [rm("/d/sub/x", 0), rm("/d", 1)] };
  t.is(planText(await plan(inside, [base])), "w d\n");
  const made: FileOp = { kind: "file", actions: [{ action: "mkfile", input: 0, path: "/d/n", mode: 0o644, data: "" }, rm("/d/n", 1)] };
  t.is(planText(await plan(made, [base])), "");
});

test("replacing the first name of a file leaves the others what they are", async (t) => {
  const source = memoryTree(parseTree("d 755 0:0 l\nf 644 0:0 l/a = A\nh 644 0:0 l/b => l/a\nh 644 0:0 l/c => l/a\nf 600 0:0 other = O"));
  const op: FileOp = {
    kind: "file",
    actions: [
      { ...COPY, src: "/l", dest: "/x/" },
      { ...COPY, input: 2, src: "/other", dest: "/x/a" },
    ],
  };
  t.is(planText(await plan(op, [undefined, source])), "d 755 0:0 x\nf 600 0:0 x/a = O\nf 644 0:0 x/b = A\nh 644 0:0 x/c => x/b\n");
});

test("symlinks, and what may not be made", async (t) => {
  const base = memoryTree(parseTree("d 755 0:0 d\nf 644 0:0 f = f"));
  const link = (newPath: string): FileOp => ({
    kind: "file",
    actions: [{ action: "symlink", input: 0, oldPath: "../t", newPath, owner: { user: 5 } }],
  });
  t.is(planText(await plan(link("/d/l"), [base])), "d 755 0:0 d\nl 777 5:5 d/l -> ../t\n");
  await t.throwsAsync(plan(link("/f"), [base]), { code: "file/exists" });
  await t.throwsAsync(plan(link("/none/l"), [base]), { code: "file/parent-missing" });
  await t.throwsAsync(plan(link("/f/l"), [base]), { code: "copy/parent-not-a-directory" });
  await t.throwsAsync(plan({ kind: "file", actions: [{ action: "mkfile", input: 0, path: "/", mode: 0o644, data: "" }] }, [base]), {
    code: "file/invalid-path",
  });
  await t.throwsAsync(plan({ kind: "file", actions: [{ ...COPY, src: "/f", dest: "/no/where", createDestPath: false }] }, [base, base]), {
    code: "file/parent-missing",
  });
  await t.throwsAsync(plan({ kind: "file", actions: [{ ...COPY, src: "/z*", allowEmptyWildcard: false }] }, [base, base]), {
    code: "copy/no-match",
  });
});

test("copying a directory itself", async (t) => {
  const source = memoryTree(parseTree("d 700 3:3 d\nf 644 4:4 d/f = f\nl 777 0:0 l -> d"));
  const op = (src: string, dest: string, followSymlinks = true): FileOp => ({
    kind: "file",
    actions: [{ ...COPY, src, dest, dirCopyContents: false, followSymlinks }],
  });
  const base = memoryTree(parseTree("d 755 0:0 x"));
  t.is(planText(await plan(op("/d", "/x"), [base, source])), "d 755 0:0 x\nd 700 3:3 x/d\nf 644 4:4 x/d/f = f\n");
  t.is(planText(await plan(op("/d", "/y"), [base, source])), "d 700 3:3 y\nf 644 4:4 y/f = f\n");
  t.is(planText(await plan(op("/l", "/x", false), [base, source])), "d 755 0:0 x\nl 777 0:0 x/l -> d\n");
});

test("one component of a pattern, as Go's filepath.Match has it", (t) => {
  const cases: readonly (readonly [pattern: string, matches: string, others: string])[] = [
    ["*", "a .x é", ""],
    ["a*b", "ab axb a*b", "a b abc"],
    ["?", "a é 日", "ab"],
    ["a\\\\*", "a\\ a\\b", "a ab"],
    ["a\\*", "a*", "ab a\\"],
    ["[a-c]x", "ax bx cx", "dx ^x"],
    ["[^a-c]x", "dx ^x", "ax"],
    ["[!a]", "! a", "b"],
    ["[\\]a]", "] a", "\\"],
    ["[\\-x]", "- x", "a"],
    ["[z-a]", "", "z a m"],
    ["a.b", "a.b", "axb"],
    ["{a,b}", "{a,b}", "a b"],
    ["a+(b)$", "a+(b)$", "aab"],
  ];
  for (const [pattern, matches, others] of cases) {
    const test = compileComponent(pattern);
    for (const name of matches.split(" ").filter(Boolean)) t.true(test(name), `${pattern} matches ${name}`);
    for (const name of others.split(" ").filter(Boolean)) t.false(test(name), `${pattern} does not match ${name}`);
  }
  for (const pattern of ["[", "[]", "[a", "[a-", "[a-]", "[^", "[-a]", "a\\", "[\\"])
    t.throws(() => compileComponent(pattern), { code: "copy/bad-pattern" }, pattern);
  t.deepEqual(["a*", "a\\*", "a\\\\*", "[", "a?b", "a"].map(hasWildcard), [true, false, true, true, true, false]);
});

test("an archive whose compressed bytes are cut is named as it was written", async (t) => {
  const root = directory();
  const text = Array.from({ length: 20_000 }, (_, i) => sha256(String(i))).join("");
  writeFileSync(join(root, "data.tgz"), gzipSync(archiveOf(parseTree(`f 644 0:0 a = ${text}`))).subarray(0, 300_000));
  await t.throwsAsync(plan(fileOpOf("ADD data.tgz /x/"), [undefined, new LocalTree(root)]), {
    code: "layer/corrupt",
    message: 'Cannot unpack "data.tgz": its compressed data is damaged or ends too early',
  });
});

test("the contents of an archive are in one file, also on their way to a packer, and zeros in it are holes", async (t) => {
  const zeros = "\0".repeat(300_000);
  const texts = new Map(
    [...Array(200).keys()].map((i) => [`x/f${i}`, i % 50 === 49 ? `${zeros}${i}` : i % 50 === 48 ? zeros : `text ${i}`]),
  );
  const root = directory();
  const lines = [...texts].map(([path, text]) => `f 644 0:0 ${path.slice(2)} = ${text}`);
  writeFileSync(join(root, "data.tar"), archiveOf(parseTree(lines.join("\n"))));
  const made = await plan(fileOpOf("ADD data.tar /x/"), [undefined, new LocalTree(root)]);
  const found = new Map<string, string>();
  const files = new Set<string>();
  for (const step of stepsOf(await packedPlan(made, undefined, undefined))) {
    if (step.kind !== "entry" || step.entry.type !== "file") continue;
    found.set(step.entry.path, String(contentOf(step.entry)));
    if (step.entry.source?.kind === "part") files.add(step.entry.source.path);
  }
  t.deepEqual([...found].sort(), [...texts].sort());
  t.is(files.size, 1);
  const [file = ""] = files;
  t.true(statSync(file).blocks * 512 < 1 << 20, "eight times 300,000 zeros take no room");
});

for (const command of ["gzip", "bzip2", "xz", "zstd"]) {
  requires(withoutProgram(command))(`an archive of ${command} is recognized by its content`, async (t) => {
    const compress = (data: Buffer) => execFileSync(command, ["-c"], { input: data });
    const op: FileOp = { kind: "file", actions: [{ ...COPY, src: "/data", dest: "/x/", attemptUnpack: true }] };
    const root = directory();
    writeFileSync(join(root, "data"), compress(archiveOf(parseTree("f 640 9:9 a = A"))));
    t.is(planText(await plan(op, [undefined, new LocalTree(root)])), "d 755 0:0 x\nf 640 9:9 x/a = A\n");
    writeFileSync(join(root, "data"), compress(Buffer.from("no archive")));
    t.regex(planText(await plan(op, [undefined, new LocalTree(root)])), /x\/data = /, "no archive");
    const large = archiveOf(parseTree(`f 644 0:0 big = ${"x".repeat(5000)}`));
    writeFileSync(join(root, "data"), compress(large.subarray(0, 3000)));
    await t.throwsAsync(plan(op, [undefined, new LocalTree(root)]), { code: "tar/truncated" }, "cut off");
  });
}
