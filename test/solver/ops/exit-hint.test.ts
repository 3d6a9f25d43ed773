import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { exitHint } from "../../../solver/ops/exit-hint.js";

/** Makes an image of these files. A text that begins with `->` is a link. */
function treeOf(files: Readonly<Record<string, string>>): Pick<FileTree, "lookup"> {
  return {
    lookup(path) {
      const common = { path, mode: path === "app/plain" ? 0o644 : 0o755, uid: 0, gid: 0, mtime: 0 };
      const text = files[path];
      if (text?.startsWith("->")) return { ...common, type: "symlink", link: text.slice(2) } as unknown as NodeMeta;
      if (text !== undefined) return { ...common, type: "file", size: text.length } as unknown as NodeMeta;
      const isDirectory = path === "" || Object.keys(files).some((name) => name.startsWith(`${path}/`));
      return isDirectory ? ({ ...common, type: "dir" } as unknown as NodeMeta) : undefined;
    },
  };
}

const SHELL = {
  "bin/sh": "\u007fELF",
  "app/run.sh": "#!/bin/sh\r\necho\r\n",
  "app/bash.sh": "#!/bin/bash -e\nx\n",
  "app/plain": "text",
  "app/tool": "\u007fELF",
};
const shell = (command: string): string[] => ["/bin/sh", "-c", command];

const CASES: readonly (readonly [title: string, args: readonly string[], output: string, hint: RegExp | undefined])[] = [
  [
    "Windows line ends, dash",
    shell("./run.sh"),
    "/bin/sh: 1: ./run.sh: not found\n",
    /^\.\/run\.sh has Windows line ends.*"\/bin\/sh\\r".*sed -i.* \/app\/run\.sh$/,
  ],
  [
    "Windows line ends, bash",
    shell("/app/run.sh"),
    "bash: /app/run.sh: /bin/sh^M: bad interpreter: No such file or directory\n",
    /has Windows line ends/,
  ],
  [
    "Windows line ends, newer bash",
    shell("/app/run.sh"),
    "/bin/sh: line 1: /app/run.sh: cannot execute: required file not found\n",
    /has Windows line ends/,
  ],
  [
    "Windows line ends, as a list",
    ["/app/run.sh"],
    'exec: "/app/run.sh": the interpreter it names is not in the image\n',
    /has Windows line ends/,
  ],
  ["Windows line ends behind env", shell("./x"), "env: can't execute 'bash\r': No such file or directory\n", /Windows line ends/],
  [
    "an interpreter that is not there",
    shell("./bash.sh"),
    "/bin/sh: ./bash.sh: not found\n",
    /interpreter of \.\/bash\.sh, \/bin\/bash, is not in the image/,
  ],
  ["a program without its loader", shell("./tool"), "/bin/sh: ./tool: not found\n", /not the loader it names/],
  ["a program for another processor", shell("./tool"), "/bin/sh: 1: ./tool: Exec format error\n", /another kind of processor/],
  [
    "no shell",
    ["/bin/bash", "-c", "x"],
    'exec: "/bin/bash": No such file or directory\n',
    /^The image has no \/bin\/bash: take a base image with a shell/,
  ],
  ["no program", ["/usr/bin/x", "y"], 'exec: "/usr/bin/x": No such file or directory\n', /^The image has no \/usr\/bin\/x$/],
  ["a shell that the step made", ["/made/sh", "-c", "x"], "x failed\n", undefined],
  [
    "a command that is not there",
    shell("frobnicate"),
    "/bin/sh: frobnicate: not found\n",
    /^No directory of PATH has the program frobnicate: install it/,
  ],
  ["a command that is not there, dash", shell("frob-1 x"), "working\n/bin/sh: 1: frob-1: not found\n", /the program frob-1:/],
  ["a command that is not there, bash", shell("frob"), "/bin/bash: line 1: frob: command not found\n", /the program frob:/],
  ["a command that is not there, as a list", ["frob"], 'exec: "frob": executable file not found in $PATH\n', /the program frob:/],
  ["a command of which the step says more", shell("frob || exit 127"), "sh: frob: not found\nno frob, no build\n", undefined],
  [
    "a file that is not executable",
    shell("./plain"),
    "/bin/sh: ./plain: Permission denied\n",
    /^\.\/plain is not executable: .*chmod \+x \/app\/plain before$/,
  ],
  [
    "a file that is not executable, as a list",
    ["/app/plain"],
    'exec: "/app/plain": Permission denied\n',
    /^\/app\/plain is not executable/,
  ],
  ["a program that may not be run for another reason", shell("./tool"), "/bin/sh: 1: ./tool: Permission denied\n", undefined],
  ["a path that is not there", shell("./nothing"), "/bin/sh: ./nothing: not found\n", undefined],
  ["a file that is no script", shell("./plain"), "/bin/sh: ./plain: not found\n", undefined],
];

for (const [title, args, output, hint] of CASES) {
  test(`what cannot be run is explained: ${title}`, async (t) => {
    const upper = mkdtempSync(join(tmpdir(), "upper-"));
    try {
      mkdirSync(join(upper, "made"));
      writeFileSync(join(upper, "made", "sh"), "");
      const read = async (path: string): Promise<Uint8Array> => Buffer.from(SHELL[path as keyof typeof SHELL], "latin1");
      const found = await exitHint({ args, cwd: "/app" }, output, { tree: treeOf(SHELL) as FileTree, read, upper });
      if (hint === undefined) t.is(found, undefined);
      else t.regex(found ?? "", hint);
    } finally {
      rmSync(upper, { recursive: true });
    }
  });
}

for (const [tier, advice] of [
  ["namespaces", /Install QEMU as a static program .*with Linux 6\.7/],
  ["chroot", /what the machine around the container has registered: as root of that machine/],
  ["supervised", /QEMU's static program .*FROM --platform=\$BUILDPLATFORM/],
] as const)
  test(`a program for another processor is explained by what its tier can do: ${tier}`, async (t) => {
    const platform = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
    const read = async (): Promise<Uint8Array> => Buffer.alloc(0);
    const step = { args: ["/app/tool"], cwd: "/app", platform, tier };
    const root = { tree: treeOf(SHELL) as FileTree, read, upper: "/nowhere" };
    const found = (await exitHint(step, 'exec: "/app/tool": Exec format error\n', root)) ?? "";
    t.true(found.startsWith(`The image is for ${platform}, and nothing here runs such programs. `), found);
    t.regex(found, advice);
  });
