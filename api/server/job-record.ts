import { type BuildEvent, now } from "../../core/events.js";
import { timestampOf } from "../../solver/buildkit/messages/common.js";
import { type BuildEnd, BuildRecorder, withoutSecrets } from "../record/build-recorder.js";
import type { BuildHistoryStore, RecordedRequest } from "../record/build-record.js";
import { StepCounter } from "../record/step-counter.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { BuildWatch, HistoryRecord } from "./build-watch.js";
import { historyRecord, requestRecord } from "./history-record.js";
import type { SolveRequest } from "./job-parts.js";
import type { ServerParts } from "./parts/server-parts.js";

interface JobRecordOptions {
  readonly request: SolveRequest;
  readonly server: Pick<ServerParts, "store">;
  readonly history: Pick<BuildHistoryStore, "get">;
  readonly watch: BuildWatch;
}

/**
 * The record of one solve in the history, under the id that the client gave it. Listeners of
 * the history hear of its start and end.
 */
export class JobRecord {
  readonly #options: JobRecordOptions;
  readonly #request: RecordedRequest;
  readonly #startedAt = now();
  readonly #tally = new StepCounter();
  readonly #running: HistoryRecord;
  #recorder: BuildRecorder | undefined;
  /** Events from before the recorder was there. */
  #before: BuildEvent[] = [];

  constructor(options: JobRecordOptions) {
    this.#options = options;
    const { Ref = "", Frontend = "", FrontendAttrs = new Map(), Exporters = [] } = options.request;
    this.#request = {
      frontend: Frontend,
      attributes: withoutArguments(FrontendAttrs),
      exporters: Exporters.map(({ Type = "", Attrs = new Map() }) => ({ type: Type, attributes: Object.fromEntries(Attrs) })),
    };
    this.#running = { Ref, CreatedAt: timestampOf(this.#startedAt), ...requestRecord(this.#request) };
    options.watch.started(this.#running);
  }

  /** Begins the record with the first build of the solve. */
  begin(build: ResolvedBuildOptions, attributes: ReadonlyMap<string, string>): void {
    if (this.#recorder) return;
    const { request, server } = this.#options;
    // A client that builds through the gateway names the frontend's options there.
    const own = this.#request.frontend === "" && attributes.size > 0;
    const recorded = own ? { ...this.#request, frontend: "dockerfile.v0", attributes: withoutArguments(attributes) } : this.#request;
    this.#recorder = new BuildRecorder({
      history: server.store.builds,
      build,
      tally: this.#tally,
      startedAt: this.#startedAt,
      served: { id: request.Ref ?? "", request: recorded },
    });
    for (const event of this.#before.splice(0)) this.#recorder.onEvent(event);
  }

  onEvent(event: BuildEvent): void {
    this.#tally.count(event);
    if (this.#recorder) this.#recorder.onEvent(event);
    else this.#before.push(event);
  }

  /** Keeps the record. The solve has ended, so a failure here changes nothing of it. */
  async end(end: BuildEnd): Promise<void> {
    const { history, watch } = this.#options;
    const ended = { ...this.#running, CompletedAt: timestampOf(now()) };
    try {
      await this.#recorder?.finish(end, now());
      watch.completed(historyRecord(history.get(this.#running.Ref)));
    } catch {
      watch.completed(ended);
    }
  }
}

/** Returns attributes of a frontend, without values of build arguments that look like secrets. */
function withoutArguments(attributes: ReadonlyMap<string, string>): Record<string, string> {
  const prefix = "build-arg:";
  const isArgument = ([name]: readonly [string, string]): boolean => name.startsWith(prefix);
  const all = [...attributes];
  const args = withoutSecrets(Object.fromEntries(all.filter(isArgument).map(([name, value]) => [name.slice(prefix.length), value])));
  return {
    ...Object.fromEntries(all.filter((entry) => !isArgument(entry))),
    ...Object.fromEntries(Object.entries(args).map(([name, value]) => [`${prefix}${name}`, value])),
  };
}
