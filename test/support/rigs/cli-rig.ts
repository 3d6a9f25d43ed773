import { Readable, Writable } from "node:stream";
import { combineImages } from "../../../api/image-store/combine-images.js";
import { inspectRemote } from "../../../api/image-store/remote-image.js";
import { readBake } from "../../../api/bake/read-bake.js";
import { readCompose } from "../../../api/compose/read-compose.js";
import type { BuildOptions, BuildResult } from "../../../api/options/options.js";
import { buildHistoryOf } from "../../../api/store/build-history.js";
import type { PrunePolicy } from "../../../api/options/disk-types.js";
import type { CliEnvironment } from "../../../cli/environment.js";
import { runCli } from "../../../cli/run.js";
import {
  type CliRigOptions,
  FAKE_REGISTRIES,
  RESULT,
  fakeDisk,
  fakeHistory,
  fakeTransfers,
  fakeAccounts,
  fakeStore,
} from "./fake-library.js";

/** Everything a command line did, for comparison. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Options the library was called with, without functions, streams and signal. */
  readonly builds: readonly BuildOptions[];
  readonly prunes: readonly PrunePolicy[];
  /** Transfers with registries: `pull NAME` and options without functions and signals. */
  readonly transfers: readonly (readonly [string, object])[];
  /** Switches of the terminal between showing what is typed and not. */
  readonly rawModes: readonly boolean[];
  /** Number of times that collection was asked for. */
  readonly collected: number;
  /** Variables of the process afterwards. */
  readonly env: Readonly<Record<string, string>>;
}

const notInRig = (): Promise<never> => Promise.reject(new Error("internal: not in this rig"));

/** Milliseconds; the "now" of every run. */
export const NOW = Date.parse("2026-03-01T12:00:00Z");

function sink(tty: boolean): { readonly stream: Writable & { readonly isTTY: boolean }; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY: tty }), text: () => Buffer.concat(chunks).toString("utf8") };
}

/** Runs a command line against a fake library. */
export async function runRig(argv: readonly string[], options: CliRigOptions = {}): Promise<CliRun> {
  const stdout = sink(options.tty ?? false);
  const stderr = sink(options.tty ?? false);
  const builds: BuildOptions[] = [];
  const prunes: PrunePolicy[] = [];
  const transfers: (readonly [string, object])[] = [];
  const rawModes: boolean[] = [];
  let collected = 0;
  const env: Record<string, string> = { ...options.env };
  const environment: CliEnvironment = {
    api: {
      build: async (given) => {
        const { signal: _signal, onEvent, ...plain } = given;
        builds.push(plain);
        return options.build ? options.build(given, (event) => onEvent?.(event)) : RESULT;
      },
      buildTargets: async ({ targets, onEvent, keepGoing, onEnd }) => {
        const results: Record<string, BuildResult> = {};
        for (const [name, target] of Object.entries(targets)) {
          builds.push(target);
          try {
            const result = options.build ? await options.build(target, (event) => onEvent?.(event)) : RESULT;
            results[name] = result;
            onEnd?.(name, { result });
          } catch (error) {
            if (!keepGoing) throw error;
            onEnd?.(name, { error });
          }
        }
        return results;
      },
      readBake,
      readCompose,
      check: options.check ?? notInRig,
      buildGraph: options.buildGraph ?? notInRig,
      outline: options.outline ?? notInRig,
      targets: options.targets ?? notInRig,
      collect: () => {
        collected++;
        return Promise.resolve();
      },
      run: options.run ?? notInRig,
      debug: options.debug ?? notInRig,
      failedSteps: notInRig,
      withSteps: notInRig,
      diff: notInRig,
      exportStep: notInRig,
      importStep: notInRig,
      openBuildHistory: () =>
        Promise.resolve(
          buildHistoryOf(
            { builds: fakeHistory(options.history ?? []), results: { peek: (key) => options.sources?.[key] } },
            () => undefined,
          ),
        ),
      openImageStore: () =>
        Promise.resolve({
          ...fakeStore(options.images ?? []),
          ...fakeDisk(options.disk ?? {}, prunes),
          ...fakeTransfers(options, transfers),
        }),
      ...(options.registries ? { combineImages, inspectRemote } : FAKE_REGISTRIES),
      ...fakeAccounts(options, transfers),
      serve: notInRig,
      doctor: () => Promise.resolve(options.doctor ?? { ok: true, user: "somebody", checks: [] }),
    },
    stdin: Object.assign(inputOf(options.stdin), {
      isTTY: options.tty ?? false,
      setRawMode: (raw: boolean) => {
        rawModes.push(raw);
        options.onRawMode?.(raw);
      },
    }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    setVariable: (name, value) => void (env[name] = value),
    cwd: options.cwd ?? process.cwd(),
    program: ["tsbuild"],
    signal: options.signal ?? new AbortController().signal,
    takeSignals: (take) => {
      options.onSignals?.(take);
      return () => undefined;
    },
    now: () => NOW,
  };
  const code = await runCli(argv, environment);
  return { code, stdout: stdout.text(), stderr: stderr.text(), builds, prunes, transfers, rawModes, collected, env };
}

function inputOf(stdin: CliRigOptions["stdin"]): Readable {
  if (stdin === undefined) return Readable.from([]);
  return typeof stdin === "object" && "silent" in stdin ? new Readable({ read: () => undefined }) : Readable.from([Buffer.from(stdin)]);
}
