import type { AnyMessage, ValueOf } from "../../llb/wire/message.js";
import type { Metadata, Method } from "../../solver/buildkit/grpc/method.js";
import { type Served, single } from "../../solver/buildkit/grpc/server.js";
import { CallRefused, STATUS } from "../../solver/buildkit/grpc/status.js";
import {
  BRIDGE_SOLVE,
  CONTAINER_METHODS,
  EVALUATE,
  INPUTS,
  PING,
  READ_DIR,
  READ_FILE,
  RESOLVE_IMAGE_CONFIG,
  RESOLVE_SOURCE_META,
  RETURN,
  STAT_FILE,
  WARN,
} from "../../solver/buildkit/messages/gateway.js";
import { DEFINITION_CAPABILITIES, GATEWAY_CAPABILITIES } from "../../solver/buildkit/serving/capabilities.js";
import type { Solves } from "./control-service.js";
import { noJob, unsupported } from "./errors.js";
import { answerOf } from "./failure.js";
import { resolveImageConfig, resolveSourceMeta } from "./results/image-configs.js";
import type { Job } from "./job.js";
import { readDirectory, readFile, statFile } from "./results/result-files.js";
import { workerRecord } from "./worker-record.js";

/** Name of the metadata that says which solve a call is a part of. */
const BUILD_ID = "buildkit-controlapi-buildid";

/** Serves the gateway, through which a client builds step by step and then returns a result. */
export function bridgeService({ solves, worker }: Solves & { readonly worker: string }): readonly Served[] {
  const jobOf = async (metadata: Metadata, signal: AbortSignal): Promise<Job> => {
    const ref = metadata.get(BUILD_ID)?.[0] ?? "";
    const job = await solves.wait(ref, signal);
    if (!job) throw noJob(ref);
    return job;
  };
  /** Returns a method that belongs to a solve. */
  const ofJob = <Q extends AnyMessage, R extends AnyMessage>(
    method: Method<Q, R>,
    handle: (job: Job, message: ValueOf<Q>) => Promise<ValueOf<R>>,
  ): Served =>
    single(method, async (message, { metadata, signal }) => {
      const job = await jobOf(metadata, signal);
      try {
        return await handle(job, message);
      } catch (error) {
        throw answerOf(error);
      }
    });
  const enabled = (names: readonly string[]) => names.map((ID) => ({ ID, Enabled: true }));
  return [
    ofJob(PING, async () => ({
      FrontendAPICaps: enabled(GATEWAY_CAPABILITIES),
      LLBCaps: enabled(DEFINITION_CAPABILITIES),
      Workers: [workerRecord(worker)],
    })),
    ofJob(BRIDGE_SOLVE, async (job, request) => {
      const result = await job.solve(request);
      return request.allowResultReturn === true ? { result } : { ref: result.ref?.id ?? "" };
    }),
    ofJob(RETURN, async (job, { result = {}, error }) => {
      if (error && (error.code ?? STATUS.OK) !== STATUS.OK)
        job.returned.reject(new CallRefused(error.code ?? STATUS.UNKNOWN, error.message ?? ""));
      else job.returned.resolve(result);
      return {};
    }),
    ofJob(EVALUATE, async (job, { Ref = "" }) => {
      await job.evaluate(job.result(Ref));
      return {};
    }),
    ofJob(READ_FILE, readFile),
    ofJob(READ_DIR, readDirectory),
    ofJob(STAT_FILE, statFile),
    ofJob(RESOLVE_IMAGE_CONFIG, resolveImageConfig),
    ofJob(RESOLVE_SOURCE_META, resolveSourceMeta),
    ofJob(INPUTS, async ({ request: { FrontendInputs = new Map() } }) => ({ Definitions: FrontendInputs })),
    ofJob(WARN, async (job, { digest = "", level = 0, short = new Uint8Array(), detail = [], url = "" }) => {
      job.feed.warn({ vertex: digest, level, short, detail, url });
      return {};
    }),
    ...CONTAINER_METHODS.map((method) =>
      single(method, async () => {
        throw unsupported(`containers beside a build (${method.path.slice(method.path.lastIndexOf("/") + 1)})`);
      }),
    ),
  ];
}
