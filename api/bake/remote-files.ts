import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { SourceFile } from "../../core/diagnostics.js";
import { looksLikeArchive } from "../../oci/layer/read/archive-start.js";
import { build } from "../build/build.js";
import { contextKind } from "../options/context-kind.js";
import type { BuildOptions } from "../options/options.js";
import { noRemoteFile, remoteTooLarge } from "./errors.js";

/** Bytes that a definition may have, as in buildx. */
const LARGEST = 2 * 1024 * 1024;

interface RemoteOptions extends Pick<BuildOptions, "root" | "signal" | "onEvent"> {
  /** Files of the repository or archive; none is the first of the usual ones. */
  readonly names: readonly string[];
  readonly defaults: readonly string[];
}

/** Files of a definition that is elsewhere. */
interface RemoteFiles {
  readonly files: readonly SourceFile[];
  /** Address that relative contexts are of; undefined when the address is a file. */
  readonly context: string | undefined;
}

/**
 * Reads the files of a definition from a repository, an archive or a single file, as a build reads
 * its context. Throws `bake/remote`, and what a build throws.
 */
export async function readRemoteFiles(address: string, { names, defaults, ...common }: RemoteOptions): Promise<RemoteFiles> {
  const kind = contextKind(address);
  if (typeof kind !== "string" && kind.kind === "url") {
    const [file] = await filesOf({ dockerfile: { text: `FROM scratch\nADD ["${kind.url}", "/0/"]\n` }, context: EMPTY, ...common });
    if (file && !looksLikeArchive(file.bytes))
      return { files: [{ name: nameOf(kind.url), text: textOf(file, address) }], context: undefined };
  }
  const wanted = names.length > 0 ? names : defaults.map((name) => `${name.slice(0, -1)}[${name.at(-1)}]`);
  const text = `FROM scratch\n${wanted.map((name, i) => `COPY ${JSON.stringify([name, `/${i}/`])}\n`).join("")}`;
  const files = await filesOf({ dockerfile: { text }, context: address, ...common });
  if (files.length === 0) throw noRemoteFile(address, defaults);
  return { files: files.map((file) => ({ name: file.name, text: textOf(file, address) })), context: address };
}

const EMPTY = "data";

interface ReadFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Builds a directory and returns its files: those of each COPY in a directory of their own. */
async function filesOf(options: BuildOptions): Promise<readonly ReadFile[]> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-bake-"));
  try {
    const out = join(directory, "out");
    await build({
      ...options,
      ...(options.context === EMPTY ? { context: directory } : {}),
      outputs: [{ type: "local", dest: out }],
      history: false,
    });
    return (
      readdirSync(out)
        .sort((a, b) => Number(a) - Number(b))
        .flatMap((index) => readdirSync(join(out, index)).map((name) => join(out, index, name)))
        // A link would lead to a file of this machine.
        .filter((path) => lstatSync(path).isFile())
        .map((path) => ({ name: basename(path), bytes: readFileSync(path) }))
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function textOf({ name, bytes }: ReadFile, address: string): string {
  if (bytes.length > LARGEST) throw remoteTooLarge(address, name);
  return bytes.toString("utf8");
}

/** Returns the name that says in which language a file is; without one both are tried. */
function nameOf(url: string): string {
  return basename(new URL(url).pathname) || "docker-bake";
}
