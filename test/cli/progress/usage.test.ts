import { Writable } from "node:stream";
import test from "ava";
import { usageText } from "../../../cli/output/usage.js";
import { PLAIN } from "../../../cli/output/paint.js";
import { rawJsonReporter } from "../../../cli/progress/rawjson.js";
import type { StepUsage } from "../../../core/events.js";
import { make, START } from "./timed-events.js";

const USAGE: StepUsage = {
  userTime: 1500,
  systemTime: 540,
  peakMemory: 611 << 20,
  peakOf: "process",
  bytesRead: 0,
  bytesWritten: 512,
};

test("usage: a line for people", (t) => {
  t.is(usageText(USAGE), "611 MiB of memory in its largest process, 2.0s of processor time, 0 KiB read, 1 KiB written");
  t.is(
    usageText({ ...USAGE, peakOf: "step", peakTasks: 9 }),
    "611 MiB of memory, 2.0s of processor time, 0 KiB read, 1 KiB written, 9 tasks at most",
  );
});

test("usage: a member of rawjson", (t) => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  rawJsonReporter({ stream, paint: PLAIN }).onEvent({ type: "used", step: make, at: START, usage: USAGE });
  t.deepEqual(JSON.parse(Buffer.concat(chunks).toString("utf8")), {
    usages: [{ vertex: make, timestamp: "2026-03-01T12:00:00Z", ...USAGE }],
  });
});

test("requests through a proxy: a member of rawjson", (t) => {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const requests = { list: [{ method: "GET", url: "https://web.example/", status: 200, bytes: 3 }], more: 0 };
  rawJsonReporter({ stream, paint: PLAIN }).onEvent({ type: "requested", step: make, at: START, requests });
  t.deepEqual(JSON.parse(Buffer.concat(chunks).toString("utf8")), {
    requests: [{ vertex: make, timestamp: "2026-03-01T12:00:00Z", ...requests }],
  });
});
