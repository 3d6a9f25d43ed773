import { type Served, single, streaming } from "../../solver/buildkit/grpc/server.js";
import { SOLVE, STATUS_OF } from "../../solver/buildkit/messages/control.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { Arrivals } from "./parts/arrivals.js";
import { badRequest, noJob, noSession } from "./errors.js";
import { answerOf } from "./failure.js";
import { Job } from "./job.js";
import { JobRecord } from "./job-record.js";
import type { HistoryPorts } from "./history-services.js";
import { pastStatus } from "./past-status.js";
import { CanceledError } from "../../core/errors.js";
import type { SolveStatus } from "../../solver/buildkit/builder.js";
import { STATUS } from "../../solver/buildkit/grpc/status.js";
import type { SolveRequest } from "./job-parts.js";
import type { ServerParts } from "./parts/server-parts.js";

/** Milliseconds that the reports of a solve stay for a client that asks late. */
const KEPT = 10_000;

/** Solves that run, and those that ended a moment ago. */
export interface Solves {
  readonly solves: Arrivals<Job>;
}

/** Solves, and where they are recorded. */
type RecordedSolves = Solves & HistoryPorts;

/** Serves solves, and the reports of their steps. */
export function controlService(server: ServerParts & RecordedSolves): readonly Served[] {
  return [
    single(SOLVE, (request, { signal }) => solve(modernRequest(request), signal, server)),
    streaming(STATUS_OF, async ({ messages, send, signal }) => {
      for await (const { Ref = "" } of messages) {
        for await (const status of await statusOf(Ref, signal, server)) await send(status);
        return;
      }
    }),
  ];
}

/** Jobs whose reports somebody has read. */
const heard = new WeakSet<Job>();

/** Returns the reports of a solve: as they come, and of one that is over, from the history. */
async function statusOf(ref: string, signal: AbortSignal, { solves, history }: RecordedSolves): Promise<AsyncIterable<SolveStatus>> {
  const known = solves.get(ref);
  const isPast = known === undefined || heard.has(known);
  if (isPast && history.list().some(({ id }) => id === ref)) return pastStatus(history.get(ref), history.log);
  const job = known ?? (await solves.wait(ref, signal));
  if (!job) throw noJob(ref);
  heard.add(job);
  return job.feed.read(signal);
}

async function solve(request: SolveRequest, gone: AbortSignal, server: ServerParts & RecordedSolves) {
  const { Ref = "", Session = "", Frontend = "", Definition, FrontendAttrs, FrontendInputs, Internal = false } = request;
  if (Ref === "") throw badRequest("the solve has no ref");
  const signal = AbortSignal.any([gone, server.signal]);
  const client = await server.sessions.wait(Session, signal);
  if (!client) throw noSession(Session);
  if (server.solves.get(Ref)) throw badRequest(`job ID ${Ref} already exists`);
  const record = Internal ? undefined : new JobRecord({ request, server, history: server.history, watch: server.watch });
  const job = new Job({ request, client, signal, server, record });
  server.solves.add(Ref, job);
  try {
    const answer = await withResource(job, async () => {
      const isGateway = Frontend === "" && Definition === undefined;
      const result = isGateway
        ? await job.waitForReturn()
        : await job.solve({
            Frontend,
            ...(Definition && { Definition }),
            ...(FrontendAttrs && { FrontendOpt: FrontendAttrs }),
            ...(FrontendInputs && { FrontendInputs }),
          });
      return { ExporterResponse: await job.finish(result) };
    });
    await record?.end({ result: job.made });
    return answer;
  } catch (error) {
    const answer = answerOf(error);
    await record?.end({ error: answer.status === STATUS.CANCELLED ? new CanceledError("The client gave the build up") : error });
    throw answer;
  } finally {
    job.over.resolve();
    setTimeout(() => server.solves.remove(Ref, job), KEPT).unref();
  }
}

/** Returns a request in the form of today's clients: a list of outputs, and lists of caches. */
function modernRequest(request: SolveRequest): SolveRequest {
  const { Exporters = [], ExporterDeprecated: Type = "", ExporterAttrsDeprecated: Attrs = new Map(), Cache = {} } = request;
  const { ExportRefDeprecated: ref = "", ExportAttrsDeprecated = new Map(), ImportRefsDeprecated = [], Exports = [], Imports = [] } = Cache;
  const exporters = Exporters.length > 0 || Type === "" ? Exporters : [{ Type, Attrs }];
  const registry = (name: string, more: ReadonlyMap<string, string> = new Map()) => ({
    Type: "registry",
    Attrs: new Map([...more, ["ref", name]]),
  });
  return {
    ...request,
    Exporters: exporters,
    Cache: {
      Exports: [...Exports, ...(ref === "" ? [] : [registry(ref, ExportAttrsDeprecated)])],
      Imports: [...Imports, ...ImportRefsDeprecated.map((name) => registry(name))],
    },
  };
}
