import { isAbsolute, relative } from "node:path";
import { STATUS } from "../../solver/buildkit/grpc/status.js";
import { timestampOf } from "../../solver/buildkit/messages/common.js";
import type { RecordedBuild, RecordedRequest } from "../record/build-record.js";
import type { HistoryRecord } from "./build-watch.js";

/** Returns a build of the history as BuildKit's clients know builds. */
export function historyRecord(build: RecordedBuild): HistoryRecord {
  const { id, createdAt, duration, steps, executed, cached, warnings, imageId, names, result } = build;
  const failure = failureOf(build);
  const { request } = build;
  const response = new Map([
    ...(imageId === undefined ? [] : [["containerimage.config.digest", imageId] as const]),
    ...(result?.digest === undefined ? [] : [["containerimage.digest", result.digest] as const]),
    ...(names.length === 0 ? [] : [["image.name", names.join(",")] as const]),
  ]);
  return {
    Ref: id,
    ...(request
      ? requestRecord(request)
      : {
          Frontend: "dockerfile.v0",
          FrontendAttrs: attributesOf(build),
          Exporters: (result?.exports ?? []).map((type) => ({ Type: type })),
        }),
    CreatedAt: timestampOf(createdAt),
    CompletedAt: timestampOf(createdAt + duration),
    ExporterResponse: response,
    numCachedSteps: cached,
    numTotalSteps: steps,
    numCompletedSteps: executed + cached,
    numWarnings: warnings,
    ...(failure ? { error: failure } : {}),
  };
}

/** Returns the members of a record that say what a client asked for. */
export function requestRecord({
  frontend,
  attributes,
  exporters,
}: RecordedRequest): Pick<HistoryRecord, "Frontend" | "FrontendAttrs" | "Exporters"> {
  return {
    Frontend: frontend,
    FrontendAttrs: new Map(Object.entries(attributes)),
    Exporters: exporters.map(({ type, attributes: attrs }) => ({ Type: type, Attrs: new Map(Object.entries(attrs)) })),
  };
}

/** Returns the options of a build as those of BuildKit's frontend. */
function attributesOf({ context, dockerfile, target, platforms, buildArgs, noCache }: RecordedBuild): Map<string, string> {
  const inside = isAbsolute(dockerfile) && isAbsolute(context) ? relative(context, dockerfile) : dockerfile;
  const filename = inside.startsWith("../") ? dockerfile : inside;
  return new Map([
    ["context", context],
    ["filename", filename],
    ...(target === undefined ? [] : [["target", target] as const]),
    ...(platforms.length === 0 ? [] : [["platform", platforms.join(",")] as const]),
    ...Object.entries(buildArgs).map(([name, value]) => [`build-arg:${name}`, value] as const),
    ...(noCache === false ? [] : [["no-cache", noCache === true ? "" : noCache.join(",")] as const]),
  ]);
}

/**
 * Returns the error of a build that did not complete. Note that clients find a build that was
 * canceled by the words of Go's error.
 */
function failureOf({ status, error, failedStep }: RecordedBuild): HistoryRecord["error"] {
  switch (status) {
    case "completed":
      return undefined;
    case "canceled":
      return { code: STATUS.CANCELLED, message: "context canceled" };
    case "interrupted":
      return { code: STATUS.UNAVAILABLE, message: "the process of the build died" };
    case "failed":
      return { code: STATUS.UNKNOWN, message: error?.message ?? `the step ${failedStep ?? ""} failed` };
  }
}
