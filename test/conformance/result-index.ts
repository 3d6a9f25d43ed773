import type { TestFn } from "ava";
import type { LayerId } from "../../cache/contract/layers.js";
import type { NewResult, ResultIndex } from "../../cache/contract/results.js";
import type { CacheKey } from "../../core/cache-key.js";
import { key } from "../cache/support.js";

/** An index with two layers that it knows. */
export interface IndexUnderTest {
  readonly results: ResultIndex;
  readonly layers: readonly [LayerId, LayerId];
}

/**
 * Checks the contract of {@link ResultIndex}. `make` returns an empty one that lasts as long as the
 * test.
 */
export function resultIndexConformance(test: TestFn, title: string, make: (onEnd: (end: () => void) => void) => IndexUnderTest): void {
  const [one, two, three] = [key("one"), key("two"), key("three")];
  const entry = (keys: readonly [CacheKey, ...CacheKey[]], layers: readonly LayerId[], name = "RUN a"): NewResult => {
    return { keys, layers, name, components: "{}", origin: "place" };
  };

  test(`${title}: a result is found under all its keys and by its id`, (t) => {
    const { results, layers } = make(t.teardown);
    t.is(results.lookup(one), undefined);
    const saved = results.save({ ...entry([one, two], layers), build: "b" });
    const expected = { id: saved.id, primaryKey: one, layers, name: "RUN a", components: "{}", build: "b", imported: false };
    for (const known of [one, two]) t.like(results.lookup(known), expected);
    t.like(results.get(saved.id), expected);
    t.like(results.peek(two), { id: saved.id, build: "b", imported: false });
    t.deepEqual([results.lookup(three), results.peek(three), results.get(saved.id + 1)], [undefined, undefined, undefined]);
  });

  test(`${title}: the older of two results with one primary key stays, and gets the other's keys`, (t) => {
    const { results, layers } = make(t.teardown);
    const { id } = results.save(entry([one], [layers[0]]));
    t.is(results.save(entry([one, two], [layers[1]])).id, id);
    t.deepEqual(results.lookup(two)?.layers, [layers[0]]);
  });

  test(`${title}: a result that replaces takes the keys over`, (t) => {
    const { results, layers } = make(t.teardown);
    results.save(entry([one, two], [layers[0]]));
    results.replace(entry([one, two], [layers[1]]));
    for (const known of [one, two]) t.deepEqual(results.lookup(known)?.layers, [layers[1]]);
  });

  test(`${title}: an alias leads to a result, whatever it led to before`, (t) => {
    const { results, layers } = make(t.teardown);
    const { id } = results.save(entry([one], [layers[0]]));
    results.save(entry([two], [layers[1]]));
    for (const known of [three, two]) {
      results.alias(id, known);
      t.like(results.lookup(known), { id, primaryKey: one });
    }
  });

  test(`${title}: the steps of an origin are listed`, (t) => {
    const { results, layers } = make(t.teardown);
    const a = results.save(entry([one], [layers[0]], "RUN a"));
    const b = results.save(entry([two], [layers[1]], "RUN b"));
    const steps = results.steps("place").toSorted((x, y) => x.id - y.id);
    t.deepEqual(
      steps.map(({ id, name }) => [id, name]),
      [
        [a.id, "RUN a"],
        [b.id, "RUN b"],
      ],
    );
    t.deepEqual(results.steps("elsewhere"), []);
    t.deepEqual(
      results
        .recentSteps()
        .map(({ name }) => name)
        .sort(),
      ["RUN a", "RUN b"],
    );
  });
}
