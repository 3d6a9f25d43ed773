import { deferred } from "../../../core/tasks/deferred.js";
import type { CacheKey } from "../../../core/cache-key.js";
import { CanceledError, throwIfAborted } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import type { CachedResult, EngineCache, EngineVertex, OpContext, SaveRequest } from "../../../solver/engine/op.js";
import { solve, type SolveOptions } from "../../../solver/engine/solve.js";

export { deferred };

/** A result is a text: what the vertex wrote over what its inputs wrote. */
export type Text = string;

/** Ends when everything that could go on without the outside has gone on. */
export async function idle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface VertexSpec {
  readonly inputs?: readonly EngineVertex<Text>[];
  /** Default: the name; null: none. */
  readonly identity?: string | null;
  readonly immediate?: boolean;
  /** Selections of inputs' texts, for inputs of which the op reads a part. */
  readonly select?: Readonly<Record<number, (text: Text) => string>>;
  readonly prepare?: (inputs: readonly Text[], context: OpContext) => Promise<void>;
  readonly run?: (inputs: readonly Text[], context: OpContext) => Promise<Text> | Text;
  readonly ignoreCache?: boolean;
  readonly maxAge?: number;
  readonly pool?: "run" | "io";
}

/** Makes vertices and counts what is asked of their ops. */
export class Ops {
  readonly runs: string[] = [];
  readonly immediates: string[] = [];
  readonly digests: string[] = [];
  readonly expected: string[] = [];

  vertex(name: string, spec: VertexSpec = {}): EngineVertex<Text> {
    const inputs = spec.inputs ?? [];
    const write = async (given: readonly Text[], context: OpContext) =>
      spec.run ? await spec.run(given, context) : `${name}(${given.join(",")})`;
    return {
      id: `id:${name}`,
      name,
      inputs,
      ignoreCache: spec.ignoreCache ?? false,
      ...(spec.maxAge === undefined ? {} : { maxAge: spec.maxAge }),
      pool: spec.pool ?? "run",
      op: {
        identity: async () => (spec.identity === null ? undefined : (spec.identity ?? name)),
        ...(spec.immediate && {
          immediate: async (context: OpContext) => {
            this.immediates.push(name);
            return await write([], context);
          },
        }),
        ...(spec.select && {
          selects: (index: number) => spec.select?.[index] !== undefined,
          contentDigest: async (index: number, input: Text) => {
            this.digests.push(`${name}[${index}]`);
            return spec.select?.[index]?.(input);
          },
        }),
        expected: () => void this.expected.push(name),
        ...(spec.prepare && { prepare: spec.prepare }),
        run: async (given, context) => {
          this.runs.push(name);
          return await write(given, context);
        },
      },
    };
  }

  /** Returns the names of the runs since the last call, sorted. */
  take(): string {
    return this.runs.splice(0).sort().join(" ");
  }
}

interface Stored extends CachedResult<Text> {
  readonly name: string;
}

/** The cache contract in memory, with the same locks for every solve that uses it. */
export class FakeCache implements EngineCache<Text> {
  readonly keys = new Map<CacheKey, Stored>();
  readonly saves: SaveRequest<Text>[] = [];
  /** Milliseconds since the epoch, for what is saved and for the age of what is found. */
  clock = 0;
  lookups = 0;
  readonly expected: (readonly CacheKey[])[] = [];
  aliases = 0;
  readonly #locks = new Map<CacheKey, Promise<void>>();
  held = 0;

  /** Foreign results of definitions, by vertex id. */
  readonly foreign = new Map<string, Text>();

  lookup(key: CacheKey, definition: string | undefined): CachedResult<Text> | undefined {
    this.lookups++;
    const result = definition === undefined ? undefined : this.foreign.get(definition);
    return this.keys.get(key) ?? (result === undefined ? undefined : { result, primaryKey: key, createdAt: this.clock });
  }

  expect(keys: readonly CacheKey[]): void {
    this.expected.push(keys);
  }

  alias(hit: CachedResult<Text>, key: CacheKey): void {
    this.aliases++;
    this.keys.set(key, hit as Stored);
  }

  save(request: SaveRequest<Text>): CachedResult<Text> {
    this.saves.push(request);
    const [primaryKey, ...aliases] = request.keys;
    const stored = (request.replace ? undefined : this.keys.get(primaryKey)) ?? {
      result: request.result,
      primaryKey,
      createdAt: this.clock,
      name: request.name,
    };
    for (const key of [primaryKey, ...aliases]) this.keys.set(key, stored);
    return stored;
  }

  async exclusive<T>(
    key: CacheKey,
    options: { readonly signal: AbortSignal; readonly onWait: () => void },
    body: () => Promise<T>,
  ): Promise<T> {
    if (this.#locks.has(key)) options.onWait();
    for (let lock = this.#locks.get(key); lock; lock = this.#locks.get(key)) {
      const aborted = deferred();
      const onAbort = () => aborted.reject(new CanceledError());
      options.signal.addEventListener("abort", onAbort, { once: true });
      await Promise.race([lock, aborted.promise]);
      options.signal.removeEventListener("abort", onAbort);
      throwIfAborted(options.signal);
    }
    const done = deferred();
    this.#locks.set(key, done.promise);
    this.held++;
    try {
      return await body();
    } finally {
      this.held--;
      this.#locks.delete(key);
      done.resolve();
    }
  }

  /** Forgets what a vertex gave, as garbage collection does. */
  evict(name: string): void {
    for (const [key, stored] of this.keys) if (stored.name === name) this.keys.delete(key);
  }

  /** Returns the names that keys lead to, once each. */
  names(): string {
    return [...new Set([...this.keys.values()].map((stored) => stored.name))].sort().join(" ");
  }
}

export interface Ran {
  readonly results: ReadonlyMap<string, Text>;
  readonly events: BuildEvent[];
}

/** Runs one solve. `events` is filled also when it fails. */
export async function run(
  cache: EngineCache<Text>,
  targets: readonly EngineVertex<Text>[],
  options: Partial<SolveOptions<Text>> & { readonly events?: BuildEvent[] } = {},
): Promise<Ran> {
  const events = options.events ?? [];
  const results = await solve(targets, {
    cache,
    jobs: options.jobs ?? { run: 4, io: 4 },
    signal: options.signal ?? new AbortController().signal,
    onEvent: options.onEvent ?? ((event) => events.push(event)),
    ...(options.onDecision && { onDecision: options.onDecision }),
    ...(options.onTrace && { onTrace: options.onTrace }),
    ...(options.now && { now: options.now }),
    ...(options.shuffle && { shuffle: options.shuffle }),
    ...(options.grace && { grace: options.grace }),
    ...(options.goals && { goals: options.goals }),
    ...(options.pools && { pools: options.pools }),
    keepGoing: options.keepGoing ?? false,
  });
  return { results, events };
}

/** Returns `name:type` of every event in order, without output and progress. */
export function reported(events: readonly BuildEvent[]): string[] {
  return events.flatMap((event) =>
    "step" in event && event.type !== "output" && event.type !== "progress" && event.type !== "warning"
      ? [`${String(event.step).slice(3)}:${event.type}`]
      : [],
  );
}

/** Returns the names of the vertices with an event of this type, sorted. */
export function steps(events: readonly BuildEvent[], type: BuildEvent["type"]): string {
  return reported(events)
    .flatMap((line) => (line.endsWith(`:${type}`) ? [line.slice(0, -type.length - 1)] : []))
    .sort()
    .join(" ");
}

/**
 * Returns breaches of the events' grammar: a step starts at most once, ends at most once, and a
 * started one ends.
 */
export function grammarErrors(events: readonly BuildEvent[]): string[] {
  const state = new Map<string, "started" | "ended">();
  const wrong: string[] = [];
  for (const line of reported(events)) {
    const at = line.lastIndexOf(":");
    const [name, type] = [line.slice(0, at), line.slice(at + 1)];
    if (state.get(name) === "ended" || (type === "started" && state.has(name))) wrong.push(`${line} after ${state.get(name)}`);
    if (type !== "started" && type !== "cached" && state.get(name) !== "started") wrong.push(`${line} without start`);
    state.set(name, type === "started" ? "started" : "ended");
  }
  for (const [name, last] of state) if (last === "started") wrong.push(`${name} never ended`);
  return wrong;
}

/** Returns a generator of numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}
