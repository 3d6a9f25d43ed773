import type { RecordedBuild } from "../../../api/record/build-record.js";

/** Returns a build of the history that completed without any step. */
export function recordedBuild(id: string, createdAt: number, more: Partial<RecordedBuild> = {}): RecordedBuild {
  return {
    id,
    createdAt,
    duration: 1500,
    status: "completed",
    context: "/src/app",
    dockerfile: "/src/app/Dockerfile",
    target: undefined,
    names: [],
    imageId: undefined,
    steps: 3,
    executed: 1,
    cached: 2,
    failed: 0,
    canceled: 0,
    warnings: 0,
    version: 1,
    platforms: [],
    buildArgs: {},
    noCache: false,
    stepList: [],
    warningList: [],
    ...more,
  };
}
