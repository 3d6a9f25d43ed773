import {
  closeSync,
  copyFileSync,
  createWriteStream,
  linkSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { throwIfAborted } from "../../core/errors.js";
import { openPipe } from "../../core/system/input-pipe.js";
import { systemReason } from "../../core/system/system-reason.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, type Command, print, printStderr, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { withProgress } from "../progress/with-progress.js";
import { parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { archiveNotRead, badChange } from "./errors.js";

/** Instructions that docker takes for `--change`. */
const CHANGES = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

/** Name of the archive in the context that is made for it. */
const ARCHIVE = "rootfs.tar";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "import",
        summary: "Make an image of an archive of files",
        operands: "FILE | URL | - [NAME[:TAG]]",
        count: [1, 2],
        flags: [
          { name: "change", short: "c", value: "<instruction>", repeat: true, text: "Instruction such as CMD or ENV for the image" },
          { name: "message", short: "m", value: "<text>", text: "Message in the history" },
          { name: "platform", value: "<platform>", text: "Platform of the image" },
          ROOT_FLAG,
        ],
        after: "The image equals one of FROM scratch and ADD FILE /, followed by the changes.",
      },
      args,
    );
    const [source = "", name] = flags.operands;
    const changes = flags.all("change").map(changeOf);
    if (flags.one("message") !== undefined)
      await printStderr(environment, "note: --message changes nothing: the history has instructions\n");
    const platform = flags.one("platform");
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-import-"));
    try {
      const remote = /^https?:\/\//i.test(source);
      if (!remote) {
        await fetchArchive(source, join(directory, ARCHIVE), environment);
        requireArchive(join(directory, ARCHIVE), source);
      }
      const text = [
        "FROM scratch",
        remote ? `ADD --unpack=true ${JSON.stringify([source, "/"])}` : `ADD --unpack=true ${ARCHIVE} /`,
        ...changes,
        "",
      ].join("\n");
      const { imageId } = await withProgress(environment, true, (onEvent) =>
        environment.api.build({
          context: directory,
          dockerfile: { text, name: "import" },
          history: false,
          signal: environment.signal,
          onEvent,
          ...storeRoot(environment, flags.one("root")),
          ...(name === undefined ? {} : { tags: [name] }),
          ...(platform === undefined ? {} : { platforms: [platform] }),
        }),
      );
      await print(environment.stdout, `${imageId}\n`);
      return EXIT.success;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function changeOf(text: string): string {
  const word = /^\s*([A-Za-z]+)\s/.exec(text)?.[1]?.toUpperCase() ?? "";
  if (!CHANGES.includes(word) || /[\r\n]/.test(text)) throw badChange(text, CHANGES);
  return text.trim();
}

/** Puts an archive where the build finds it: by a link where that can be, else by a copy. */
async function fetchArchive(source: string, to: string, environment: CliEnvironment): Promise<void> {
  try {
    if (source === "-") return await pipeline(environment.stdin, createWriteStream(to), { signal: environment.signal });
    const path = hostPath(environment, source);
    if (statSync(path).isFIFO()) return await pipeline(openPipe(path, environment.signal), createWriteStream(to));
    try {
      linkSync(realpathSync(path), to);
    } catch {
      copyFileSync(path, to);
    }
  } catch (error) {
    throwIfAborted(environment.signal);
    throw archiveNotRead(source, systemReason(error));
  }
}

/** First bytes of compressed archives: gzip, bzip2, xz and zstd. */
const COMPRESSED = ["1f8b", "425a68", "fd377a585a00", "28b52ffd"];

/** Throws unless a file begins as an archive does: docker refuses others, and ADD copies them. */
function requireArchive(path: string, source: string): void {
  const file = openSync(path, "r");
  const head = Buffer.alloc(512);
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  const start = head.toString("hex", 0, 6);
  if (!COMPRESSED.some((magic) => start.startsWith(magic)) && !isHeader(head)) throw archiveNotRead(source, "it is no tar archive");
}

/** Returns true for a header of a tar, by its checksum, and for the zeros of an empty one. */
function isHeader(head: Buffer): boolean {
  const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  const recorded = Number.parseInt(head.toString("latin1", 148, 156).replaceAll("\0", " "), 8);
  return sum === recorded || head.every((byte) => byte === 0);
}
