import { INFO, LIST_WORKERS } from "../../solver/buildkit/messages/control.js";
import { type Served, single } from "../../solver/buildkit/grpc/server.js";
import { serverVersion, workerRecord } from "./worker-record.js";

/** Serves what a client asks first: who is there, and for which platforms. */
export function infoService({ worker }: { readonly worker: string }): readonly Served[] {
  return [
    single(INFO, async () => ({ buildkitVersion: serverVersion() })),
    single(LIST_WORKERS, async () => ({ record: [workerRecord(worker)] })),
  ];
}
