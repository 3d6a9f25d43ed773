import { join } from "node:path";
import type { BuildOptions } from "../../../../api/options/options.js";

/** Directories of the parts of an abort's machine. */
export interface Place {
  /** For outputs; empty. */
  readonly out: string;
  /**
   * Registry with `busybox`, `slow` (layers that come in small pieces) and `stalled` (layers of
   * which half comes), and with the files `/files/slow`, `/files/stalled`.
   */
  readonly host: string;
  /** A Git server with the repository `code`. */
  readonly git: string;
}

/** A build that is aborted. `ARG N` differs each time, so that no step is found. */
export interface Shape {
  readonly name: string;
  readonly dockerfile: string;
  readonly options?: (place: Place) => BuildOptions;
  /** Each abort has a store of its own: what is fetched once is not fetched again. */
  readonly newStore?: boolean;
  /** Never ends by itself, because a server stalls. */
  readonly endless?: boolean;
  /** Default: a build. */
  readonly call?: "check" | "pull" | "save";
}

/** The files of every context; a number is the size of a file of random bytes. */
export const CONTEXT: Readonly<Record<string, number>> = { "one/a": 300_000, "two/b": 300_000, "three/c": 300_000, "large/d": 12_000_000 };

const stage = (name: string, before: string): string =>
  `FROM base AS ${name}\n${before}COPY ${name} /${name}\nRUN echo ${name} $N; sleep 0.1; seq 20000 > /made\n`;

const PARALLEL = `ARG REGISTRY
FROM $REGISTRY/busybox AS base
ARG N
${stage("one", "WORKDIR /w\n")}${stage("two", "")}${stage("three", "WORKDIR /v\n")}FROM scratch
COPY --from=one /made /1
COPY --from=two /made /2
COPY --from=three /made /3
`;

const ON_BASE = (steps: string): string => `ARG REGISTRY\nFROM $REGISTRY/busybox\nARG N\n${steps}`;

export const SHAPES: readonly Shape[] = [
  { name: "one stage", dockerfile: ON_BASE("COPY one /one\nRUN echo $N > /n; sleep 0.1\nRUN cat /n /n > /m\n") },
  { name: "parallel stages", dockerfile: PARALLEL },
  { name: "layers that come slowly", dockerfile: "ARG REGISTRY\nFROM $REGISTRY/slow\nCOPY one /one\nRUN echo > /n\n", newStore: true },
  { name: "layers that stall", dockerfile: "ARG REGISTRY\nFROM $REGISTRY/stalled\nRUN true\n", newStore: true, endless: true },
  {
    name: "export of a large layer",
    dockerfile: "FROM scratch\nCOPY large /\n",
    options: ({ out }) => ({ noCache: true, outputs: [{ type: "oci", dest: join(out, "image.tar") }] }),
  },
  {
    name: "cache to a directory",
    dockerfile: PARALLEL,
    options: ({ out }) => ({
      cacheTo: [{ type: "local", dest: join(out, "cache"), mode: "max" }],
      outputs: [{ type: "oci", dest: join(out, "image.tar") }],
    }),
  },
  {
    name: "platforms and outputs",
    dockerfile: "FROM scratch\nARG N\nWORKDIR /$N\nCOPY one .\nCOPY two three .\n",
    options: ({ out }) => ({
      platforms: ["linux/amd64", "linux/arm64"],
      outputs: [
        { type: "oci", dest: join(out, "image.tar") },
        { type: "tar", dest: join(out, "files.tar") },
        { type: "local", dest: join(out, "files") },
        { type: "image", names: ["several"] },
      ],
    }),
  },
  { name: "check", dockerfile: ON_BASE("RUN echo $N\n"), call: "check" },
  {
    name: "downloads",
    dockerfile: ON_BASE("ARG FILES\nADD $FILES/slow?$N /slow\nADD $FILES/stalled?$N /stalled\n"),
    options: ({ host }) => ({ buildArgs: { FILES: `http://${host}/files` } }),
    endless: true,
  },
  {
    name: "a repository",
    dockerfile: ON_BASE("ARG CODE\nADD $CODE /code\nRUN cat /code/$N > /n 2>&1; true\n"),
    options: ({ git }) => ({ noCache: true, buildArgs: { CODE: `${git}/code.git` } }),
    newStore: true,
  },
  {
    name: "files as a directory",
    dockerfile: ON_BASE("RUN echo $N > /n; mkdir /d; for i in $(seq 200); do echo $i > /d/$i; done\n"),
    options: ({ out }) => ({ outputs: [{ type: "local", dest: join(out, "files") }] }),
  },
  { name: "a step that prints a lot", dockerfile: ON_BASE("RUN seq 1 $((N + 400000))\n") },
  { name: "pull", dockerfile: "ARG REGISTRY\nFROM $REGISTRY/slow\n", call: "pull", newStore: true },
  { name: "save", dockerfile: "FROM scratch\nCOPY large /\n", call: "save" },
];
