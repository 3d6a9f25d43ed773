import { type Served, single, streaming } from "../../solver/buildkit/grpc/server.js";
import { SOLVE, STATUS_OF } from "../../solver/buildkit/messages/control.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { Arrivals } from "./parts/arrivals.js";
import { badRequest, noJob, noSession } from "./errors.js";
import { answerOf } from "./failure.js";
import { Job } from "./job.js";
import type { SolveRequest } from "./job-parts.js";
import type { ServerParts } from "./parts/server-parts.js";

/** Milliseconds that the reports of a solve stay for a client that asks late. */
const KEPT = 10_000;

/** Solves that run, and those that ended a moment ago. */
export interface Solves {
  readonly solves: Arrivals<Job>;
}

/** Serves solves, and the reports of their steps. */
export function controlService(server: ServerParts & Solves): readonly Served[] {
  return [
    single(SOLVE, (request, { signal }) => solve(modernRequest(request), signal, server)),
    streaming(STATUS_OF, async ({ messages, send, signal }) => {
      for await (const { Ref = "" } of messages) {
        const job = await server.solves.wait(Ref, signal);
        if (!job) throw noJob(Ref);
        for await (const status of job.feed.read(signal)) await send(status);
        return;
      }
    }),
  ];
}

async function solve(request: SolveRequest, gone: AbortSignal, server: ServerParts & Solves) {
  const { Ref = "", Session = "", Frontend = "", Definition, FrontendAttrs, FrontendInputs, Internal = false } = request;
  if (Ref === "") throw badRequest("the solve has no ref");
  const signal = AbortSignal.any([gone, server.signal]);
  const client = await server.sessions.wait(Session, signal);
  if (!client) throw noSession(Session);
  const job = new Job({ request, client, signal, server });
  if (!server.solves.add(Ref, job)) throw badRequest(`job ID ${Ref} already exists`);
  try {
    return await withResource(job, async () => {
      const isGateway = Frontend === "" && Definition === undefined;
      const result = isGateway
        ? await job.waitForReturn()
        : await job.solve(
            {
              Frontend,
              ...(Definition && { Definition }),
              ...(FrontendAttrs && { FrontendOpt: FrontendAttrs }),
              ...(FrontendInputs && { FrontendInputs }),
            },
            { recorded: !Internal },
          );
      return { ExporterResponse: await job.finish(result) };
    });
  } catch (error) {
    throw answerOf(error);
  } finally {
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
