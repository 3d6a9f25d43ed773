import type { EventSink } from "../../../core/events.js";
import { isRight } from "../../../llb/entitlements.js";
import type { CacheFrom, BuildOptions, Right } from "../../options/options.js";
import { type ResolvedBuildOptions, resolveBuildOptions } from "../../options/resolve-options.js";
import { answerQuestion } from "./answer-question.js";
import { badRequest, notGranted, unsupported } from "../errors.js";
import { frontendRequest, type FrontendRequest, readingRequest } from "./frontend-options.js";
import type { BridgeRequest, JobParts, ResultMessage } from "../job-parts.js";
import { readExport, readImport } from "./request-caches.js";
import { dateOf } from "./request-outputs.js";

type AnswerParts = Parameters<typeof answerQuestion>[2];

/** A request as a build, or as what answers it without one. */
interface RequestedBuild {
  readonly build: ResolvedBuildOptions;
  readonly answer?: (parts: AnswerParts) => Promise<ResultMessage>;
}

/** Variables of this process that say how it builds. Others are the client's business. */
const OWN_VARIABLES = ["TSBUILD_NETWORK", "TSBUILD_CACHE_BUDGET", "TSBUILD_ISOLATION"];

/** Returns what a client asks for. Throws an answer for what this server does not do. */
export function requestedBuild(request: BridgeRequest, job: JobParts, onEvent: EventSink): RequestedBuild {
  const { Frontend = "", Definition, FrontendOpt = new Map(), FrontendInputs = new Map(), SourcePolicies = [] } = request;
  if (SourcePolicies.length > 0 || (job.request.SourcePolicy?.length ?? 0) > 0) throw unsupported("source policies");
  if (Frontend !== "" && Definition !== undefined && Definition.length > 0) throw badRequest(`invalid definition for frontend ${Frontend}`);
  const allow = grantedRights(job);
  if (Frontend === "") {
    if (Definition === undefined) return { build: resolved({}, job, onEvent), answer: async () => ({}) };
    const imports = [...(job.request.Cache?.Imports ?? []), ...(request.CacheImports ?? [])].flatMap(readImport);
    const options: BuildOptions = {
      llb: Definition,
      allow: [...allow],
      cacheFrom: unique(imports),
    };
    return { build: withClient(resolved(options, job, onEvent), job, undefined) };
  }
  if (Frontend !== "dockerfile.v0") throw unsupported(`the frontend "${Frontend}"`);
  if (FrontendInputs.size > 0) throw unsupported("definitions as inputs of the frontend");
  const wanted = readingRequest(() => frontendRequest(FrontendOpt, { mayUseHost: allow.includes("network.host") }));
  const imports = (request.CacheImports ?? []).flatMap(readImport);
  const options: BuildOptions = {
    ...wanted.options,
    allow: [...allow],
    cacheFrom: unique([...wanted.cacheFrom, ...imports]),
  };
  const build = withClient(resolved(options, job, onEvent), job, wanted);
  const { question } = wanted;
  return question === undefined ? { build } : { build, answer: (parts) => answerQuestion(question, build, parts) };
}

/** Returns a build of nothing, for the session in which images are looked up. */
export function baseBuild(job: JobParts, onEvent: EventSink): ResolvedBuildOptions {
  return withClient(resolved({}, job, onEvent), job, undefined);
}

function resolved(options: BuildOptions, job: JobParts, onEvent: EventSink): ResolvedBuildOptions {
  const { server, request, signal } = job;
  const outputs = job.side.outputs(request.Exporters ?? []).map(({ output }) => output);
  const { Exports = [] } = request.Cache ?? {};
  const date = dateOf(request.Exporters ?? []);
  // No client gets proxies of this user's docker.
  const env = { ...Object.fromEntries(OWN_VARIABLES.map((name) => [name, process.env[name]])), DOCKER_CONFIG: "/dev/null/none" };
  return readingRequest(() =>
    resolveBuildOptions(
      {
        ...options,
        buildArgs: { ...(date === undefined ? {} : { SOURCE_DATE_EPOCH: date }), ...options.buildArgs },
        outputs: outputs.length === 0 ? [{ type: "cacheonly" }] : outputs,
        cacheTo: Exports.flatMap(readExport),
        root: server.root,
        // The solve is recorded, and not each of its builds.
        history: false,
        signal,
        onEvent,
        ...(server.jobs === undefined ? {} : { jobs: server.jobs }),
        ...(server.isolation === undefined ? {} : { isolation: server.isolation as NonNullable<BuildOptions["isolation"]> }),
      },
      env,
    ),
  );
}

/** Returns a build whose files, secrets and logins are the client's. */
function withClient(build: ResolvedBuildOptions, job: JobParts, wanted: FrontendRequest | undefined): ResolvedBuildOptions {
  const { context = ".", dockerfile } = wanted?.options ?? {};
  const directory = wanted?.directories.context;
  const origin = {
    context:
      directory === undefined && typeof context === "string" && context !== "." ? context : `client:${job.client.sharedKey || "unknown"}`,
    dockerfile: typeof dockerfile === "string" ? dockerfile : "Dockerfile",
  };
  const client = job.side.ports({
    directories: wanted?.directories ?? { context: undefined, dockerfile: undefined },
    origin,
    sessions: wanted?.sessions ?? new Map(),
    inputs: new Map(),
  });
  return { ...build, client };
}

/** Returns the rights that the client asks for. Throws for one that the server does not grant. */
function grantedRights({ request: { Entitlements = [] }, server: { allow } }: JobParts): readonly Right[] {
  return Entitlements.map((right) => {
    if (!isRight(right) || !allow.includes(right)) throw notGranted(right);
    return right;
  });
}

function unique(caches: readonly CacheFrom[]): CacheFrom[] {
  return [...new Map(caches.map((cache) => [JSON.stringify(cache), cache])).values()];
}
