import { sha256 } from "../../core/digest.js";
import type { ValueOf } from "../../llb/wire/message.js";
import { timestampOf } from "../../solver/buildkit/messages/common.js";
import type { STATUS_RESPONSE } from "../../solver/buildkit/messages/control.js";
import type { BuildHistoryStore, RecordedBuild, RecordedStep } from "../record/build-record.js";

type Status = ValueOf<typeof STATUS_RESPONSE>;

/** Yields what a build of the history reported while it ran: its steps, then their output. */
export async function* pastStatus(build: RecordedBuild, log: BuildHistoryStore["log"]): AsyncGenerator<Status, void> {
  yield {
    vertexes: build.stepList.map((step) => vertexOf(build, step)),
    warnings: build.warningList.map((warning) => warningOf(build, warning)),
  };
  for (const step of build.stepList) {
    if (step.logBytes === 0) continue;
    const at = timestampOf(build.createdAt + step.startedAt);
    for await (const data of log(build.id, step.number) ?? []) {
      yield { logs: [{ vertex: idOf(build, step), stream: 1, timestamp: at, msg: data as Buffer }] };
    }
  }
}

/** Returns the name of a step on the wire. Records have none but the number. */
function idOf({ id }: RecordedBuild, { number }: Pick<RecordedStep, "number">): string {
  return sha256(`${id} ${number}`);
}

function vertexOf(build: RecordedBuild, step: RecordedStep): NonNullable<Status["vertexes"]>[number] {
  const { name, status, startedAt, duration, error } = step;
  const began = build.createdAt + startedAt;
  const message = status === "completed" || status === "cached" ? undefined : (error?.message ?? "context canceled");
  return {
    digest: idOf(build, step),
    name,
    started: timestampOf(began),
    completed: timestampOf(began + duration),
    ...(status === "cached" ? { cached: true } : {}),
    ...(message === undefined ? {} : { error: message }),
  };
}

/** Returns a warning. The first step shows it, because records do not say whose it is. */
function warningOf(
  build: RecordedBuild,
  { code, rule, message, line }: RecordedBuild["warningList"][number],
): NonNullable<Status["warnings"]>[number] {
  const place = line === undefined ? "" : ` (line ${line})`;
  return { vertex: idOf(build, { number: 1 }), level: 1, short: Buffer.from(`${rule ?? code}: ${message}${place}`) };
}
