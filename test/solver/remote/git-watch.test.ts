import test from "ava";
import { type GroupWork, StallWatch } from "../../../solver/remote/git-watch.js";

const LIMITS = { silence: 60_000, window: 600_000 };

/**
 * Checks every five seconds what the processes did, which `work` says. Returns the second in which
 * the watch ended them, with its reason.
 */
function watched(work: (second: number) => GroupWork, until: number): string | undefined {
  const watch = new StallWatch(LIMITS);
  for (let second = 0; second <= until; second += 5) {
    const end = watch.look(work(second), 5000);
    if (end !== undefined) return `${second}: ${end}`;
  }
  return undefined;
}

const one = (bytes: number, ticks = 0): GroupWork => new Map([[7, { bytes, ticks }]]);

test("a transfer that does nothing for a while is stalled", (t) => {
  t.is(
    watched(() => one(100), 3600),
    "60: the server sent nothing for 60 s",
  );
  t.is(
    watched((second) => one(Math.min(second, 300) * 1000), 3600),
    "360: the server sent nothing for 60 s",
  );
});

test("one of a few bytes now and then is given up later", (t) => {
  t.is(
    watched((second) => one(second), 3600),
    "595: the server sent less than 4096 bytes in 600 s",
  );
});

test("one that goes on is left alone, also while git only computes, and when its programs take turns", (t) => {
  t.is(
    watched((second) => one(second * 100), 7200),
    undefined,
  );
  t.is(
    watched((second) => one(100, second), 7200),
    undefined,
  );
  t.is(
    watched((second) => new Map([[second, { bytes: 500, ticks: 0 }]]), 7200),
    undefined,
  );
});
