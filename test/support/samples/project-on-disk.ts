import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import type { BuildOptions } from "../../../api/options/options.js";
import { encodeHeader } from "../../../oci/tar/writer.js";
import type { Edit, Placed, Project, Stage } from "./random-project.js";

/**
 * A project on disk, which edits change. Everything is below one directory, which belongs to the
 * caller.
 */
export class ProjectOnDisk {
  readonly #directory: string;
  #context: string;
  #moves = 0;
  #comments = 0;
  /** Paths of the context in its first state. */
  readonly #paths: readonly string[];
  #stages: readonly Stage[];
  #args: Readonly<Record<string, string>>;
  #target: number;
  #options: BuildOptions = {};

  constructor(directory: string, { files, base, ignore, stages, args, target }: Project) {
    this.#directory = directory;
    this.#context = join(directory, "context");
    mkdirSync(this.#context);
    mkdirSync(join(directory, "base"));
    for (const one of files) put(this.#context, one);
    for (const one of base) put(join(directory, "base"), one);
    writeFileSync(join(directory, "base", "always"), "");
    mkdirSync(join(directory, "base", "etc"), { recursive: true });
    writeFileSync(join(directory, "base", "etc", "passwd"), "who:x:11:12::/:/sh\n");
    this.#paths = this.#entries().map((path) => path.slice(this.#context.length + 1));
    this.#stages = stages;
    this.#args = args;
    this.#target = target;
    this.#ignore(ignore);
  }

  /** Directory with the files of the base image. */
  get base(): string {
    return join(this.#directory, "base");
  }

  /** Remembers the project as it is; what this answers makes it so again, with other inodes. */
  snapshot(): () => void {
    const copy = join(this.#directory, `snapshot-${this.#moves++}`);
    const copyTo = (from: string, to: string) => execFileSync("cp", ["--archive", from, to]);
    copyTo(this.#context, copy);
    const [stages, args, target, options] = [this.#stages, this.#args, this.#target, this.#options];
    return () => {
      rmSync(this.#context, { recursive: true, force: true });
      copyTo(copy, this.#context);
      [this.#stages, this.#args, this.#target, this.#options] = [stages, args, target, options];
    };
  }

  /** The options of a build but for the base image, which is called `base`. */
  get options(): BuildOptions {
    return {
      ...this.#options,
      context: this.#context,
      dockerfile: { text: this.dockerfile },
      buildArgs: { ...this.#args, SOURCE_DATE_EPOCH: "1000000000", ...this.#options.buildArgs },
      buildContexts: { named: this.base },
      ...(this.#target < this.#stages.length ? { target: `s${this.#target}` } : {}),
    };
  }

  get dockerfile(): string {
    const stages = this.#stages.map(({ from: base, steps }, index) =>
      [`FROM ${base} AS s${index}`, ...steps].map((line) => this.#resolve(line, index)).join("\n"),
    );
    return `${"# a comment\n".repeat(this.#comments)}${stages.join("\n")}\n`;
  }

  /** Puts in what the names of sources and stages stand for. */
  #resolve(line: string, stage: number): string {
    const path = (number: string) => this.#paths[Number(number) % this.#paths.length] as string;
    const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
    return line
      .replace(/^FROM STAGE(\d)/, (_, number: string) => (stage === 0 ? "FROM base" : `FROM s${Number(number) % stage}`))
      .replace(/^COPY STAGE(\d)/, (_, number: string) => (stage === 0 ? "COPY" : `COPY --from=s${Number(number) % stage}`))
      .replace(/SOURCE(\d+)/g, (_, number: string) => inJson(path(number)))
      .replace(/QUOTED(\d+)/g, (_, number: string) =>
        inJson(path(number).replace(/[*?[\\$]/g, (char) => (char === "[" ? "[[]" : `\\${char}`))),
      );
  }

  apply(change: Edit): void {
    switch (change.edit) {
      case "touch":
        return this.#withEntry(change.at, (path) =>
          lutimesSync(path, 1_500_000_000, change.at % 2 === 0 ? 1_600_000_000 + change.at : 3_000_000_000),
        );
      case "delete":
        return this.#withEntry(change.at, (path) => rmSync(path, { recursive: true }));
      case "same-size":
        return this.#withFile(change.at, (path, text) =>
          writeFileSync(
            path,
            text.map((byte) => byte ^ 1),
          ),
        );
      case "append":
        return this.#withFile(change.at, (path, text) => writeFileSync(path, Buffer.concat([text, Buffer.from("+")])));
      case "reverse":
        // The times it had before: only ctime differs.
        return this.#withFile(change.at, (path, text) => {
          const { atimeMs, mtimeMs } = lstatSync(path);
          writeFileSync(path, Buffer.from(text).reverse());
          utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
        });
      case "chmod":
        return this.#withEntry(change.at, (path) => {
          if (!lstatSync(path).isSymbolicLink()) chmodSync(path, change.mode | (lstatSync(path).isDirectory() ? 0o700 : 0o600));
        });
      case "rename":
        return this.#withEntry(change.at, (path) => tolerate(() => renameSync(path, join(this.#context, change.path))));
      case "link":
        return this.#withEntry(change.at, (path) => tolerate(() => linkSync(path, join(this.#context, change.path))));
      case "swap":
        return this.#withEntry(change.at, (one) =>
          this.#withEntry(change.with, (other) =>
            tolerate(() => {
              if (one.startsWith(`${other}/`) || other.startsWith(`${one}/`) || one === other) return;
              renameSync(one, join(this.#directory, "swap"));
              renameSync(other, one);
              renameSync(join(this.#directory, "swap"), other);
            }),
          ),
        );
      case "replace":
        return this.#withEntry(change.at, (path) => {
          rmSync(path, { recursive: true });
          put(this.#context, { ...change.by, path: path.slice(this.#context.length + 1) });
        });
      case "put":
        return put(this.#context, change.by);
      case "put-base":
        return put(this.base, change.by);
      case "ignore":
        return this.#ignore(change.patterns);
      case "step":
        return this.#withStep(change.at, (steps, index) => steps.toSpliced(index, 1, ...(change.by === undefined ? [] : [change.by])));
      case "new-step":
        return this.#withStep(change.at, (steps, index) => steps.toSpliced(index, 0, change.by));
      case "swap-steps":
        return this.#withStep(change.at, (steps, index) =>
          index + 1 < steps.length ? steps.toSpliced(index, 2, steps[index + 1] as string, steps[index] as string) : steps,
        );
      case "arg":
        this.#args = { A: change.value };
        return;
      case "target":
        this.#target = change.target;
        return;
      case "options":
        this.#options = change.options;
        return;
      case "move": {
        const moved = join(this.#directory, `context-${this.#moves++}`);
        renameSync(this.#context, moved);
        this.#context = moved;
        return;
      }
      case "comment":
        this.#comments++;
    }
  }

  #ignore(patterns: readonly string[]): void {
    writeFileSync(join(this.#context, ".dockerignore"), `${patterns.join("\n")}\n`);
  }

  /**
   * Returns everything in the context but its ignore file, in an order that depends on names only.
   */
  #entries(): readonly string[] {
    const below = (directory: string): string[] =>
      readdirSync(directory, { withFileTypes: true })
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((entry) => {
          const path = join(directory, entry.name);
          return entry.isDirectory() ? [path, ...below(path)] : [path];
        });
    return below(this.#context).filter((path) => path !== join(this.#context, ".dockerignore"));
  }

  #withEntry(index: number, change: (path: string) => void): void {
    const entries = this.#entries();
    const path = entries[index % Math.max(1, entries.length)];
    if (path !== undefined) change(path);
  }

  #withFile(index: number, change: (path: string, content: Buffer) => void): void {
    const files = this.#entries().filter((path) => lstatSync(path).isFile());
    const path = files[index % Math.max(1, files.length)];
    if (path !== undefined) change(path, readFileSync(path));
  }

  #withStep(index: number, change: (steps: readonly string[], index: number) => readonly string[]): void {
    const places = this.#stages.flatMap(({ steps }, number) => steps.map((_, step) => ({ number, step })));
    const place = places[index % Math.max(1, places.length)];
    if (place === undefined) return;
    const stage = this.#stages[place.number] as Stage;
    this.#stages = this.#stages.with(place.number, { ...stage, steps: change(stage.steps, place.step) });
  }
}

/** Puts an entry where it can be put; where something else is in its way nothing happens. */
function put(directory: string, { path: name, kind, text, mode }: Placed): void {
  const to = join(directory, name);
  tolerate(() => {
    mkdirSync(dirname(to), { recursive: true });
    if (lstatSync(to, { throwIfNoEntry: false })) return;
    switch (kind) {
      case "dir":
        mkdirSync(to, { mode: mode | 0o700 });
        return;
      case "symlink":
        symlinkSync(text === "" ? "nowhere" : text, to);
        return;
      case "hardlink":
        linkSync(join(directory, "a"), to);
        return;
      case "fifo":
        execFileSync("mkfifo", [to], { stdio: "ignore" });
        return;
      case "file":
      case "tar":
        writeFileSync(to, kind === "tar" ? tar(text, mode) : text);
        chmodSync(to, mode | 0o600);
    }
  });
}

function tar(text: string, mode: number): Buffer {
  const header = { type: "file", mode, uid: 3, gid: 4, mtime: { sec: 1_700_000_000, nsec: 0 }, size: text.length } as const;
  const content = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  content.write(text);
  return Buffer.concat([encodeHeader({ ...header, name: "d/in-tar" }), content, Buffer.alloc(1024)]);
}

function tolerate(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
  }
}
