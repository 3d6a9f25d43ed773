import { bool, int32, int64, many, messages, one, openMessage, string, strings, texts } from "../../../llb/wire/message.js";
import { method } from "../grpc/method.js";
import { EMPTY, TIMESTAMP } from "./common.js";
import { EXPORTER } from "./control.js";
import { RPC_STATUS } from "./failure.js";

/** The methods of `moby.buildkit.v1.Control` that list a builder's builds and change the list. */

const DESCRIPTOR = openMessage("Descriptor", { media_type: string(1), digest: string(2), size: int64(3), annotations: texts(5) });
const RESULT_INFO = openMessage("BuildResultInfo", { ResultDeprecated: one(1, DESCRIPTOR), Attestations: many(2, DESCRIPTOR) });

export const HISTORY_RECORD = openMessage("BuildHistoryRecord", {
  Ref: string(1),
  Frontend: string(2),
  FrontendAttrs: texts(3),
  Exporters: many(4, EXPORTER),
  error: one(5, RPC_STATUS),
  CreatedAt: one(6, TIMESTAMP),
  /** Absent while the build runs. */
  CompletedAt: one(7, TIMESTAMP),
  ExporterResponse: texts(9),
  Result: one(10, RESULT_INFO),
  Results: messages(11, RESULT_INFO),
  pinned: bool(14),
  numCachedSteps: int32(15),
  numTotalSteps: int32(16),
  numCompletedSteps: int32(17),
  numWarnings: int32(19),
});

/** Types of an event of the history. */
export const HISTORY_EVENT_TYPE = { STARTED: 0, COMPLETE: 1, DELETED: 2 } as const;

export const HISTORY_EVENT = openMessage("BuildHistoryEvent", { type: int32(1), record: one(2, HISTORY_RECORD) });

/** `EarlyExit` asks for the builds that are there, and not for those to come. */
export const HISTORY_REQUEST = openMessage("BuildHistoryRequest", {
  ActiveOnly: bool(1),
  Ref: string(2),
  EarlyExit: bool(3),
  Filter: strings(4),
  Limit: int32(5),
});

export const LISTEN_HISTORY = method("/moby.buildkit.v1.Control/ListenBuildHistory", HISTORY_REQUEST, HISTORY_EVENT);

export const UPDATE_HISTORY = method(
  "/moby.buildkit.v1.Control/UpdateBuildHistory",
  openMessage("UpdateBuildHistoryRequest", { Ref: string(1), Pinned: bool(2), Delete: bool(3), Finalize: bool(4) }),
  EMPTY,
);
