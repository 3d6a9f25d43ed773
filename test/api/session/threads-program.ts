// The process of threads.test.ts: builds in threads that it terminates, after or during the build.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { build, CanceledError } from "../../../api/index.js";
import { random } from "../../support/samples/random.js";

interface Order {
  readonly root: string;
  readonly context: string;
  /** When the thread is terminated. */
  readonly when: "built" | "aborted" | "under way";
  readonly threads: number;
}

/** A message of a thread: the begin of its build, or its end. */
type Word = "begun" | "built" | "aborted";

async function host(order: Order): Promise<void> {
  const below = random(1);
  for (let n = 0; n < order.threads; n++) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { ...order, n } });
    const said = (word: Word): Promise<void> =>
      new Promise((resolve, reject) => {
        worker.on("message", (message: Word) => message === word && resolve());
        worker.once("error", reject);
      });
    await said("begun");
    if (order.when === "under way") await new Promise((resolve) => setTimeout(resolve, below(150)));
    else {
      const ended = said(order.when);
      if (order.when === "aborted") worker.postMessage("abort");
      await ended;
    }
    await worker.terminate();
  }
  process.stdout.write("alive\n");
}

async function thread({ root, context, when, n }: Order & { readonly n: number }): Promise<void> {
  const abort = new AbortController();
  parentPort?.once("message", () => abort.abort());
  // The thread stays when its build has ended, with the idle connection to the index.
  setInterval(() => {}, 1000);
  parentPort?.postMessage("begun" satisfies Word);
  try {
    for (let round = 0; ; round++) {
      await build({ root, context, dockerfile: { text: `FROM scratch\nCOPY . /${n}-${round}\n` }, signal: abort.signal });
      if (when === "built") return parentPort?.postMessage("built" satisfies Word);
    }
  } catch (error) {
    if (!(error instanceof CanceledError)) throw error;
    parentPort?.postMessage("aborted" satisfies Word);
  }
}

if (isMainThread) await host(JSON.parse(process.argv[2] ?? "") as Order);
else await thread(workerData as Order & { readonly n: number });
