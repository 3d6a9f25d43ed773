import fc from "fast-check";
import type { BuildOptions } from "../../../api/options/options.js";

/**
 * Projects for tests of the cache: a context, a base image's files, a Dockerfile and arguments, as
 * data that fast-check makes and shrinks, and edits of them. A project that cannot be built is as
 * good as another: it must fail in the same way after any earlier builds.
 */
export interface Project {
  readonly files: readonly Placed[];
  readonly base: readonly Placed[];
  readonly ignore: readonly string[];
  readonly stages: readonly Stage[];
  readonly args: Readonly<Record<string, string>>;
  /** Number of the target stage; the last stage when it is too high. */
  readonly target: number;
}

export interface Placed {
  readonly path: string;
  readonly kind: "file" | "dir" | "symlink" | "hardlink" | "fifo" | "tar";
  /** Content, link target, or name of the entry in the tar. */
  readonly text: string;
  readonly mode: number;
}

export interface Stage {
  readonly from: string;
  readonly steps: readonly string[];
}

export type Edit =
  | { readonly edit: "touch" | "delete" | "same-size" | "append" | "reverse"; readonly at: number }
  | { readonly edit: "chmod"; readonly at: number; readonly mode: number }
  | { readonly edit: "rename" | "link"; readonly at: number; readonly path: string }
  | { readonly edit: "swap"; readonly at: number; readonly with: number }
  | { readonly edit: "replace"; readonly at: number; readonly by: Placed }
  | { readonly edit: "put" | "put-base"; readonly by: Placed }
  | { readonly edit: "ignore"; readonly patterns: readonly string[] }
  | { readonly edit: "step"; readonly at: number; readonly by: string | undefined }
  | { readonly edit: "new-step"; readonly at: number; readonly by: string }
  | { readonly edit: "swap-steps"; readonly at: number }
  | { readonly edit: "arg"; readonly value: string }
  | { readonly edit: "target"; readonly target: number }
  | { readonly edit: "options"; readonly options: BuildOptions }
  | { readonly edit: "move" | "comment" };

const NAMES = [
  "a",
  "b",
  "c d",
  "é",
  "x*y",
  "[z]",
  "n\nl",
  ".hid",
  "-dash",
  "q?",
  "back\\slash",
  "$V",
  "t.txt",
  "u.txt",
  "d",
  "e e",
] as const;
const DIRECTORIES = ["", "", "", "d/", "e e/", "d/s/", "x*y/", "[z]/"] as const;
const TEXTS = ["", "x", "y", "z", "longer\n", "d", "../a", "/a", "d/s", "."] as const;
const MODES = [0o644, 0o644, 0o600, 0o755, 0o4755, 0o666, 0o444] as const;

const path = fc.tuple(fc.constantFrom(...DIRECTORIES), fc.constantFrom(...NAMES)).map(([directory, name]) => directory + name);
const placed: fc.Arbitrary<Placed> = fc.record({
  path,
  kind: fc.constantFrom("file", "file", "file", "dir", "symlink", "hardlink", "fifo", "tar"),
  text: fc.constantFrom(...TEXTS),
  mode: fc.constantFrom(...MODES),
});

/**
 * Names of a COPY: `SOURCE3` is the third path of the context, `QUOTED3` the same with its
 * wildcards quoted.
 */
const source = fc.oneof(
  { weight: 3, arbitrary: fc.nat(20).map((number) => `SOURCE${number}`) },
  { weight: 3, arbitrary: fc.nat(20).map((number) => `QUOTED${number}`) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(".", "/", "*", "d*", "?", "*.txt", "**", "[a-d]*", "*/*", "./*/./*", "*e", "[[]*", "$A*"),
  },
  { weight: 1, arbitrary: fc.constantFrom("none*", "d/s", "d*/", "[d]/./a", "/a") },
);
const flags = fc
  .tuple(
    fc.constantFrom("", "", "", "--chmod=600", "--chmod=u+x,go-r", "--chmod=a=rX"),
    fc.constantFrom("", "", "", "", "", "--chown=1:2", "--chown=7", "--chown=:9", "--chown=1:2", "--chown=7"),
    fc.constantFrom("", "", "", "--exclude=a", "--exclude=*.txt", "--exclude=d --exclude=**/b"),
    fc.constantFrom("", "", "", "--link"),
  )
  .map((all) => all.filter((flag) => flag !== "").join(" "));
const destination = fc.constantFrom("/", "/to/", "/to/", "to/", "/d/", "/deep/er/", "/deep/er/", "/l/x/y", "$A/", "a1");
/**
 * `STAGE1` is a stage before this one. Files of stages rarely have names of the context's files.
 */
const from = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant(""), source) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("--from=named"), fc.constantFrom("*", "/", "always", "etc/*", "[!a]*", "d*")) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("--from=base"), fc.constantFrom("*", "/", "always", "/etc", "[!a]*", "d*")) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("STAGE0", "STAGE1"), fc.constantFrom("*", "/", "to*", "/d*", "*/*", "[!d]*", "**/a")) },
);

const fileStep: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(from, fc.constantFrom("", "", "", "--parents"), flags, fc.option(source, { freq: 4, nil: undefined }), destination)
      .map(([[stage, first], parents, flag, second, dest]) =>
        stage === "" && second !== undefined
          ? `COPY ${parents} ${flag} ${JSON.stringify([first, second, dest.endsWith("/") ? dest : `${dest}/`])}`
          : `COPY ${stage} ${parents} ${flag} ${JSON.stringify([first, dest])}`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(source, flags, destination).map(([src, flag, dest]) => `ADD ${flag} ${JSON.stringify([src, dest])}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "WORKDIR /w",
      "WORKDIR sub/$A",
      "ENV E=1 F=2",
      "ENV F=2 E=1",
      "ENV A=fixed",
      "ARG A",
      "ARG A=a",
      "ARG B=$A",
      "USER 5:6",
      "USER who",
      "LABEL l=$A",
      "VOLUME /v",
      'CMD ["x"]',
      "COPY <<EOF /here\n$A text\nEOF",
      "COPY --chmod=700 <<'ONE' <<TWO /many/\n$A one\nONE\n${B:-b} two\nTWO",
    ),
  },
);
/**
 * Steps whose results depend on nothing but their inputs; times are clamped. None may fail because
 * a file is missing.
 */
const runStep: fc.Arbitrary<string> = fc.constantFrom(
  "RUN find /to /d /deep -exec stat -c '%n %F %a %u %g' {} + 2>&1 | sort > /list",
  "RUN find /to /d /deep -type f -exec sha256sum {} + 2>&1 | sort > /sums",
  "RUN echo $A $E > /made; rm -rf /d; mkdir -p /d/new",
  "RUN mv /to /moved; cp -r /deep /copied; chmod -R o-r /d; true",
  "RUN echo x > /one; ln -f /one /two; ln -sf one /three; mkfifo /four; chown 3:4 /one; true",
  "RUN --mount=type=bind,target=/context find /context ! -type d -exec stat -c '%n %F %a %s' {} + | sort > /context-list",
  "RUN --mount=type=bind,source=d,target=/context find /context -type f -exec sha256sum {} + | sort > /context-sums; true",
  "RUN --mount=type=bind,from=base,target=/other ls -1 /other > /other-list",
  "RUN --mount=type=cache,target=/cache true",
  "RUN cat /etc/hosts > /hosts; df /dev/shm > /shm; ulimit -n > /limit",
);

interface Kind {
  /** Possible bases of a stage. */
  readonly bases: readonly string[];
  readonly step: fc.Arbitrary<string>;
}

/** Nothing that has to run: quick. */
export const filesOnly: Kind = { bases: ["scratch", "scratch", "base", "STAGE0", "STAGE1"], step: fileStep };

/** With steps that run. `busybox` is an image with a shell. */
export const withRuns: Kind = {
  bases: ["busybox", "busybox", "STAGE0", "STAGE1"],
  step: fc.oneof({ weight: 2, arbitrary: fileStep }, { weight: 3, arbitrary: runStep }),
};

export const project = ({ bases, step }: Kind): fc.Arbitrary<Project> =>
  fc.record({
    files: fc.array(placed, { minLength: 3, maxLength: 14 }),
    base: fc.array(placed, { maxLength: 4 }),
    ignore: fc.array(fc.constantFrom("*.txt", "d", "!d/a", "**/b", "d/s", "!**/*.txt", "e?e", "\\[z]"), { maxLength: 3 }),
    stages: fc.array(fc.record({ from: fc.constantFrom(...bases), steps: fc.array(step, { minLength: 1, maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    args: fc.constantFrom({}, { A: "1" }),
    target: fc.nat(5),
  });

/** Beside those of every build; each set takes the place of the one before. */
const OPTIONS: readonly BuildOptions[] = [
  {},
  { buildArgs: { SOURCE_DATE_EPOCH: "1000000001" } },
  { labels: { l: "2" } },
  { network: "none" },
  { addHosts: ["there:192.0.2.1"] },
  { shmSize: 1 << 20 },
  { ulimits: ["nofile=100:100"] },
  { annotations: { a: "b" } },
];

const at = fc.nat(30);
export const edits = ({ step }: Kind, most: number): fc.Arbitrary<readonly Edit[]> =>
  fc.array(
    fc.oneof(
      fc.record({ edit: fc.constantFrom("touch", "delete", "same-size", "append", "reverse"), at }),
      fc.record({ edit: fc.constantFrom("same-size"), at }),
      fc.record({ edit: fc.constant("chmod"), at, mode: fc.constantFrom(...MODES) }),
      fc.record({ edit: fc.constantFrom("rename", "link"), at, path }),
      fc.record({ edit: fc.constant("swap"), at, with: at }),
      fc.record({ edit: fc.constant("replace"), at, by: placed }),
      fc.record({ edit: fc.constantFrom("put", "put-base"), by: placed }),
      fc.record({
        edit: fc.constant("ignore"),
        patterns: fc.array(fc.constantFrom("*.txt", "d", "!d/a", "**/b", "*", "!a"), { maxLength: 3 }),
      }),
      fc.record({ edit: fc.constant("step"), at, by: fc.option(step, { nil: undefined }) }),
      fc.record({ edit: fc.constant("new-step"), at, by: step }),
      fc.record({ edit: fc.constant("swap-steps"), at }),
      fc.record({ edit: fc.constant("arg"), value: fc.constantFrom("1", "2", "d") }),
      fc.record({ edit: fc.constant("target"), target: fc.nat(3) }),
      fc.record({ edit: fc.constant("options"), options: fc.constantFrom(...OPTIONS) }),
      fc.record({ edit: fc.constantFrom("move", "comment") }),
    ) as fc.Arbitrary<Edit>,
    { minLength: 1, maxLength: most },
  );
