import type { TestFn } from "ava";
import type { CacheKey } from "../../core/cache-key.js";
import type { EngineCache, SaveRequest } from "../../solver/engine/op.js";
import { key } from "../cache/support.js";
import { deferred, idle } from "../solver/engine/fakes.js";

/** A cache with two results that it can keep. */
export interface CacheUnderTest<R> {
  readonly cache: EngineCache<R>;
  readonly results: readonly [R, R];
}

/**
 * Checks the contract of {@link EngineCache}. `make` returns an empty one that lasts as long as the
 * test.
 */
export function engineCacheConformance<R>(test: TestFn, name: string, make: (onEnd: (end: () => void) => void) => CacheUnderTest<R>): void {
  const [one, two, three] = [key("one"), key("two"), key("three")];
  const request = (result: R, keys: readonly [CacheKey, ...CacheKey[]], replace = false): SaveRequest<R> => {
    return { id: "id", result, keys, name: "RUN a", components: { identity: "a", inputs: [] }, replace };
  };
  const free = { signal: new AbortController().signal, onWait: () => undefined };

  test(`${name}: a result is found under all its keys, with its primary key`, (t) => {
    const { cache, results } = make(t.teardown);
    t.is(cache.lookup(one, undefined), undefined);
    const saved = cache.save(request(results[0], [one, two]));
    t.is(saved.primaryKey, one);
    t.deepEqual(saved.result, results[0]);
    for (const known of [one, two]) t.like(cache.lookup(known, undefined), { primaryKey: one, createdAt: saved.createdAt });
    t.deepEqual(cache.lookup(two, undefined)?.result, results[0]);
    t.is(cache.lookup(three, undefined), undefined);
  });

  test(`${name}: an alias leads to a result, whatever it led to before`, (t) => {
    const { cache, results } = make(t.teardown);
    cache.save(request(results[0], [one]));
    cache.save(request(results[1], [two]));
    for (const known of [three, two]) {
      const hit = cache.lookup(one, undefined);
      if (hit) cache.alias(hit, known);
      t.like(cache.lookup(known, undefined), { primaryKey: one });
      t.deepEqual(cache.lookup(known, undefined)?.result, results[0]);
    }
  });

  test(`${name}: the older of two results with one primary key stays, and gets the other's keys`, (t) => {
    const { cache, results } = make(t.teardown);
    cache.save(request(results[0], [one]));
    t.deepEqual(cache.save(request(results[1], [one, two])).result, results[0]);
    t.deepEqual(cache.lookup(two, undefined)?.result, results[0]);
  });

  test(`${name}: a result that replaces takes the keys over`, (t) => {
    const { cache, results } = make(t.teardown);
    cache.save(request(results[0], [one, two]));
    t.deepEqual(cache.save(request(results[1], [three, one, two], true)).primaryKey, three);
    for (const known of [one, two, three]) t.deepEqual(cache.lookup(known, undefined)?.result, results[1]);
  });

  test(`${name}: one at a time works under a key; the others learn that they wait`, async (t) => {
    const { cache } = make(t.teardown);
    const log: string[] = [];
    const first = deferred();
    const begun = deferred();
    const running = cache.exclusive(one, free, async () => {
      log.push("first");
      begun.resolve();
      await first.promise;
      log.push("first ended");
    });
    await begun.promise;
    const waits = deferred();
    const second = cache.exclusive(one, { ...free, onWait: () => waits.resolve() }, async () => log.push("second"));
    await waits.promise;
    await cache.exclusive(two, free, async () => log.push("other key"));
    first.resolve();
    await Promise.all([running, second]);
    t.deepEqual(log, ["first", "other key", "first ended", "second"]);
  });

  test(`${name}: a body that fails frees its key, and its error is passed on`, async (t) => {
    const { cache } = make(t.teardown);
    const failing = cache.exclusive(one, free, async () => Promise.reject(new Error("broken")));
    await t.throwsAsync(failing, { message: "broken" });
    t.is(await cache.exclusive(one, free, async () => "free"), "free");
  });

  test(`${name}: an abort ends a wait and runs nothing`, async (t) => {
    const { cache } = make(t.teardown);
    const first = deferred();
    const running = cache.exclusive(one, free, () => first.promise);
    await idle();
    const abort = new AbortController();
    const waits = deferred();
    let ran = false;
    const waiting = cache.exclusive(one, { signal: abort.signal, onWait: () => waits.resolve() }, async () => {
      ran = true;
    });
    await waits.promise;
    abort.abort();
    await t.throwsAsync(waiting, { code: "build/canceled" });
    t.false(ran);
    first.resolve();
    await running;
  });
}
