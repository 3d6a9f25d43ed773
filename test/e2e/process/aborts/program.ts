import { createHook } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
// A process of aborts.test.ts: aborts one shape of build at many moments through the library, and
// reports the leftovers after each.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, CanceledError, check, openImageStore, type BuildOptions } from "../../../../api/index.js";
import { random } from "../../../support/samples/random.js";
import { removeTree } from "../../../support/remove-tree.js";
import { SHAPES, type Place, type Shape } from "./shapes.js";

export interface Order {
  readonly shape: string;
  readonly count: number;
  readonly seed: number;
  /** Holds `context`; stores and outputs are made in it. */
  readonly directory: string;
  readonly host: string;
  readonly git: string;
}

/** A line that this process prints. */
export type Line =
  | { readonly begun: string }
  /** `problems` is empty when all is well. */
  | { readonly ended: string; readonly outcome: "canceled" | "completed"; readonly problems: readonly string[] }
  | { readonly done: true };

const order = JSON.parse(process.argv[2] ?? "") as Order;
const shape = SHAPES.find(({ name }) => name === order.shape) as Shape;
const below = random(order.seed);
/** Stacks of the calls of setImmediate that wait, by id. */
const immediates = new Map<number, string>();
createHook({
  init: (id, type) => {
    if (type === "Immediate") immediates.set(id, new Error("setImmediate").stack ?? "");
  },
  before: (id) => void immediates.delete(id),
  destroy: (id) => void immediates.delete(id),
}).enable();

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** When to abort: with which event, and in which turn of the event loop after it. */
interface Moment {
  readonly event: number;
  readonly after: "at once" | "microtask" | "turn" | number;
}

/** Milliseconds without an event after which nothing more will come. */
const QUIET = 100;

/** Calls `strike` at the moment, or once nothing happens any more. */
function strikeAt({ event, after }: Moment, strike: () => void): { readonly onEvent: () => void; readonly end: () => void } {
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const wait = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(strike, ms);
  };
  const onEvent = (): void => {
    if (seen++ < event) return seen <= event ? wait(QUIET) : undefined;
    if (seen > event + 1) return;
    clearTimeout(timer);
    if (after === "at once") strike();
    else if (after === "microtask") queueMicrotask(strike);
    else if (after === "turn") turn = setImmediate(strike);
    else wait(after);
  };
  wait(QUIET);
  const end = (): void => {
    clearTimeout(timer);
    clearImmediate(turn);
  };
  return { onEvent, end };
}

async function run(root: string, place: Place, n: string, signal?: AbortSignal, onEvent?: () => void): Promise<unknown> {
  const given = shape.options?.(place) ?? {};
  const options: BuildOptions = {
    root,
    context: join(order.directory, "context"),
    dockerfile: { text: shape.dockerfile },
    ...given,
    buildArgs: { REGISTRY: order.host, N: n, SOURCE_DATE_EPOCH: "1700000000", ...given.buildArgs },
    ...(signal && { signal }),
    ...(onEvent && { onEvent }),
  };
  if (shape.call === "check") return await check(options);
  if (shape.call === "pull" || shape.call === "save") {
    const store = await openImageStore({ root });
    try {
      const limits = signal ? { signal } : {};
      if (shape.call === "pull")
        return (await store.pull(`${order.host}/slow:latest`, { ...limits, ...(onEvent && { onEvent }) })).map(({ id }) => id);
      await build({ ...options, tags: ["saved"] });
      return await store.save(["saved"], join(place.out, "saved.tar"), limits);
    } finally {
      store.close();
    }
  }
  return (await build(options)).imageId;
}

function placeIn(directory: string): Place {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return { out: directory, host: order.host, git: order.git };
}

/**
 * Returns everything that keeps the process alive, child processes, and open files of the store
 * other than its index.
 */
function remains(root: string): readonly string[] {
  const children = readdirSync("/proc/self/task").flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" "));
  const files = readdirSync("/proc/self/fd").flatMap((fd) => linkOf(`/proc/self/fd/${fd}`));
  return [
    ...process.getActiveResourcesInfo().filter((name) => !BASELINE.has(name)),
    ...immediates.values(),
    ...children.filter(Boolean).map((pid) => `child ${pid}`),
    ...files.filter((path) => path.startsWith(order.directory) && !/\/index\.db(-wal|-shm)?( \(deleted\))?$/.test(path)),
    ...entries(join(root, "v1", "tmp")).map((name) => `tmp/${name}`),
  ];
}

function linkOf(path: string): readonly string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Resources of any process that prints to a pipe. */
const BASELINE = new Set(["PipeWrap", "TTYWrap", "FSReqPromise"]);

/**
 * Returns the leftovers once closed resources have had their last turns of the event loop. Note
 * that later turns wait, because on a busy machine Node's threads may not have run by then.
 */
async function remainsAfter(root: string): Promise<readonly string[]> {
  for (let turn = 0; turn < 100 && remains(root).length > 0; turn++) await (turn < 50 ? new Promise(setImmediate) : delay(20));
  return remains(root);
}

async function abortOnce(
  moment: Moment,
  n: string,
  root: string,
): Promise<{ outcome: "canceled" | "completed"; problems: readonly string[] }> {
  const place = placeIn(join(order.directory, "out"));
  const abort = new AbortController();
  const striking = strikeAt(moment, () => abort.abort());
  let outcome: "canceled" | "completed" = "canceled";
  const problems: string[] = [];
  try {
    await run(root, place, n, abort.signal, striking.onEvent);
    outcome = "completed";
  } catch (error) {
    if (!(error instanceof CanceledError))
      problems.push(`rejected with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    striking.end();
  }
  problems.push(...(await remainsAfter(root)));
  // Half-written files are gone; requested directories may stay.
  if (outcome === "canceled") problems.push(...entries(place.out).filter((name) => name.startsWith(".")));
  return { outcome, problems };
}

/** Returns the events and the result of a whole run. */
async function wholeRun(root: string, n: string): Promise<{ readonly events: number; readonly result: unknown }> {
  let events = 0;
  const result = await run(root, placeIn(join(order.directory, "out")), n, undefined, () => events++);
  return { events, result };
}

/** Returns every fault of a store; none when there is no store yet. */
async function verify(root: string): Promise<readonly string[]> {
  if (entries(root).length === 0) return [];
  using images = await openImageStore({ root });
  return await images.verify();
}

const reference = join(order.directory, "reference");
const store = join(order.directory, "store");
/** Moments of a build that never ends are among so many events. */
const MANY = 40;
const known = shape.endless ? { events: MANY, result: undefined } : await wholeRun(reference, "0");
for (let index = 1; index <= order.count; index++) {
  const after = (["at once", "microtask", "turn", below(40)] as const)[below(4)] as Moment["after"];
  const moment: Moment = { event: below(known.events + 1), after };
  const title = `${shape.name}, seed ${order.seed}, abort ${index}: event ${moment.event} of ${known.events}, ${after}`;
  say({ begun: title });
  const root = shape.newStore ? join(order.directory, `store-${index}`) : store;
  const { outcome, problems } = await abortOnce(moment, String(index), root);
  const own = shape.newStore || index === order.count ? await verify(root) : [];
  say({ ended: title, outcome, problems: [...problems, ...own] });
  if (shape.newStore) removeTree(root);
}
if (!shape.endless) {
  say({ begun: `${shape.name}: the build after all aborts` });
  const { result } = await wholeRun(store, "0");
  const same = JSON.stringify(result) === JSON.stringify(known.result) || shape.name === "check";
  say({
    ended: "the build after all aborts",
    outcome: "completed",
    problems: [...(same ? [] : [`gave ${String(result)}`]), ...(await verify(store))],
  });
}
say({ done: true });
