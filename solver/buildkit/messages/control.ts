import { bool, bytes, int64, many, manyBytes, one, openMessage, string, strings, texts } from "../../../llb/wire/message.js";
import { method } from "../grpc/method.js";
import { byteMap, BYTES, EMPTY, RANGE, SOURCE_INFO, TIMESTAMP, VERSION, WORKER } from "./common.js";

/** The messages of BuildKit's `moby.buildkit.v1.Control`. */

const CACHE_ENTRY = openMessage("CacheOptionsEntry", { Type: string(1), Attrs: texts(2) });
export const EXPORTER = openMessage("Exporter", { Type: string(1), Attrs: texts(2) });

export const SOLVE_REQUEST = openMessage("SolveRequest", {
  Ref: string(1),
  /** Bytes of `pb.Definition`, which is written elsewhere. */
  Definition: bytes(2),
  /** The exporter for builders that do not know a list of them. */
  ExporterDeprecated: string(3),
  ExporterAttrsDeprecated: texts(4),
  Session: string(5),
  Frontend: string(6),
  FrontendAttrs: texts(7),
  Cache: one(
    8,
    openMessage("CacheOptions", {
      ExportRefDeprecated: string(1),
      ImportRefsDeprecated: strings(2),
      ExportAttrsDeprecated: texts(3),
      Exports: many(4, CACHE_ENTRY),
      Imports: many(5, CACHE_ENTRY),
    }),
  ),
  Entitlements: strings(9),
  /** Definitions by names. */
  FrontendInputs: byteMap(10),
  Internal: bool(11),
  SourcePolicy: bytes(12),
  Exporters: many(13, EXPORTER),
});

const SOLVE_RESPONSE = openMessage("SolveResponse", { ExporterResponse: texts(1) });

const VERTEX = openMessage("Vertex", {
  digest: string(1),
  inputs: strings(2),
  name: string(3),
  cached: bool(4),
  started: one(5, TIMESTAMP),
  completed: one(6, TIMESTAMP),
  error: string(7),
});

const VERTEX_STATUS = openMessage("VertexStatus", {
  ID: string(1),
  vertex: string(2),
  name: string(3),
  current: int64(4),
  total: int64(5),
  timestamp: one(6, TIMESTAMP),
  started: one(7, TIMESTAMP),
  completed: one(8, TIMESTAMP),
});

const VERTEX_LOG = openMessage("VertexLog", { vertex: string(1), timestamp: one(2, TIMESTAMP), stream: int64(3), msg: bytes(4) });

const VERTEX_WARNING = openMessage("VertexWarning", {
  vertex: string(1),
  level: int64(2),
  short: bytes(3),
  detail: manyBytes(4),
  url: string(5),
  info: one(6, SOURCE_INFO),
  ranges: many(7, RANGE),
});

export const STATUS_RESPONSE = openMessage("StatusResponse", {
  vertexes: many(1, VERTEX),
  statuses: many(2, VERTEX_STATUS),
  logs: many(3, VERTEX_LOG),
  warnings: many(4, VERTEX_WARNING),
});

export const WORKERS = openMessage("ListWorkersResponse", { record: many(1, WORKER) });

const service = "/moby.buildkit.v1.Control";

export const SOLVE = method(`${service}/Solve`, SOLVE_REQUEST, SOLVE_RESPONSE);
export const STATUS_OF = method(`${service}/Status`, openMessage("StatusRequest", { Ref: string(1) }), STATUS_RESPONSE);
export const SESSION = method(`${service}/Session`, BYTES, BYTES);
export const LIST_WORKERS = method(`${service}/ListWorkers`, openMessage("ListWorkersRequest", { filter: strings(1) }), WORKERS);
export const INFO = method(`${service}/Info`, EMPTY, openMessage("InfoResponse", { buildkitVersion: one(1, VERSION) }));
