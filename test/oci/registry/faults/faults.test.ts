import test from "ava";
import { CanceledError, TsbuildError } from "../../../../core/errors.js";
import { DEFAULT_LIMITS } from "../../../../net/limits.js";
import { createRegistryClient, type RegistryClient } from "../../../../oci/registry/client.js";
import { golden } from "../../../support/golden.js";
import { logicalTime } from "../../../support/rigs/logical-time.js";
import { CHALLENGES, FAULTS, STALLS, TOKENS } from "./faults.js";
import { type Content, type Fault, type FaultyOptions, type RequestClass, startFaultyRegistry } from "./faulty-registry.js";
import { cacheContent, NoCache, type Operation, operations } from "./operations.js";

/** Requests of one kind that a command may send to a faulty registry, for two blobs at once. */
const MAX_ATTEMPTS = 12;
/** Cases that run at the same time. */
const PARALLEL = 12;
/** Milliseconds of the client's time between the bytes of a trickle. */
const TRICKLE = 10_000;

/** Makes a client. Its `time` passes by itself, so that everyday limits take a moment. */
function clientOf(time?: ReturnType<typeof logicalTime>): RegistryClient {
  return createRegistryClient({
    env: {},
    credentials: { find: async () => undefined },
    certificateDirectories: [],
    partSize: 30_000,
    ...(time && { clock: time.clock, limits: { ...DEFAULT_LIMITS, timer: time.timer } }),
  });
}

let cache: Promise<Content> | undefined;
const OPERATIONS = operations(() => {
  cache ??= cacheContent(async (content) => {
    const registry = await startFaultyRegistry({ content });
    const client = clientOf();
    return {
      client,
      host: registry.host,
      stop() {
        client.close();
        registry.close();
      },
    };
  });
  return cache;
});

interface Case {
  readonly fault: Fault;
  readonly on: RequestClass;
  readonly times: number;
}

/**
 * Returns how an operation ends with a fault: `right`, or the code of its error. `asked`: how often
 * the registry was asked for what has the fault.
 */
async function outcome(operation: Operation, { fault, on, times }: Case): Promise<{ readonly how: string; readonly asked: number }> {
  const time = logicalTime();
  const options: FaultyOptions = {
    content: await operation.prepare(),
    fault: { fault, on, times },
    refusesWhole: on === "upload-patch",
    every: (run) => time.every(TRICKLE, run),
  };
  const registry = await startFaultyRegistry(options);
  const client = clientOf(time);
  const ended = await operation.run(client, registry.host, new AbortController().signal).then(
    () => (operation.done(registry.content) ? "right" : "FALSE SUCCESS"),
    (error: unknown) => {
      if (error instanceof NoCache) return "no cache";
      return error instanceof TsbuildError ? error.code : `NOT MEANT: ${String(error)}`;
    },
  );
  time.stop();
  client.close();
  registry.close();
  const asked = registry.asked.get(on) ?? 0;
  const redirects = fault.status !== undefined && fault.status >= 300 && fault.status < 400;
  return { how: asked > MAX_ATTEMPTS && !redirects ? `NOT MEANT: ${ended} after ${asked} requests` : ended, asked };
}

/** Returns how an operation ends with a fault that comes once, and with one that stays. */
async function bothOutcomes(operation: Operation, fault: Fault, on: RequestClass): Promise<readonly [once: string, always: string]> {
  const once = await outcome(operation, { fault, on, times: 1 });
  // Nobody asked again: a fault that stays is the same case.
  if (once.asked <= 1) return [once.how, once.how];
  return [once.how, (await outcome(operation, { fault, on, times: Number.POSITIVE_INFINITY })).how];
}

function faultsOf(on: RequestClass): readonly Fault[] {
  const common = [...FAULTS, ...STALLS];
  if (on === "challenge") return [...CHALLENGES, ...common];
  return on === "token" ? [...TOKENS, ...common] : common;
}

for (const operation of OPERATIONS) {
  for (const on of operation.classes) {
    test.serial(`${operation.name} with faults in ${on}`, async (t) => {
      const faults = faultsOf(on);
      const lines: string[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        for (let index = next++; index < faults.length; index = next++) {
          const fault = faults[index] as Fault;
          const [once, always] = await bothOutcomes(operation, fault, on);
          lines[index] = `${fault.name}: ${once}${always === once ? "" : `; always: ${always}`}\n`;
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, work));
      const text = lines.join("");
      t.notRegex(text, /FALSE SUCCESS|NOT MEANT/);
      golden(t, `registry-faults/${operation.name}-${on}.txt`, text);
    });
  }
}

test("an abort ends every operation in every kind of standstill, with the limits of every day", async (t) => {
  let cases = 0;
  for (const operation of OPERATIONS) {
    for (const on of operation.classes) {
      const ends = await Promise.all(
        STALLS.map(async (fault) => {
          const registry = await startFaultyRegistry({
            content: await operation.prepare(),
            fault: { fault, on, times: Number.POSITIVE_INFINITY },
            refusesWhole: on === "upload-patch",
          });
          const client = clientOf();
          const abort = new AbortController();
          void registry.met.then(() => setImmediate(() => abort.abort()));
          try {
            await operation.run(client, registry.host, abort.signal);
            return `${fault.name}: right`;
          } catch (error) {
            return error instanceof CanceledError ? undefined : `${fault.name}: ${String(error)}`;
          } finally {
            client.close();
            registry.close();
          }
        }),
      );
      cases += ends.length;
      // Some standstills are in what nobody reads, such as the body of an answer to HEAD.
      t.deepEqual(
        ends.filter((end) => end !== undefined && !/: right$|not-found|refused|protocol/.test(end)),
        [],
        `${operation.name} ${on}`,
      );
    }
  }
  t.true(cases > 200);
});

test("there are enough faults", (t) => {
  t.true(FAULTS.length + STALLS.length >= 80, String(FAULTS.length + STALLS.length));
});
