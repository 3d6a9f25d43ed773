import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { LayerId } from "../../../cache/contract/layers.js";
import { type Stack, stackOn } from "../../../cache/contract/stacks.js";
import { Database } from "../../../cache/database/database.js";
import { MIGRATIONS } from "../../../cache/database/schema.js";
import { openSqlite, type SqlValue } from "../../../cache/database/sqlite.js";
import { layerUses, pruneStacks } from "../../../cache/database/stack-rows.js";
import { Stacks } from "../../../cache/index/stacks.js";
import { layerId } from "../../../cache/layer-id.js";
import { openStore } from "../../../cache/open-store.js";
import { storePaths } from "../../../cache/paths.js";
import { key, layerBlob, type OnEnd, open, temporaryRoot } from "../support.js";

/** Counts the statements that are run. */
class CountedDatabase extends Database {
  statements = 0;

  override get<T>(sql: string, ...parameters: SqlValue[]): T | undefined {
    this.statements++;
    return super.get(sql, ...parameters);
  }

  override run(sql: string, ...parameters: SqlValue[]): { readonly changes: number; readonly id: number } {
    this.statements++;
    return super.run(sql, ...parameters);
  }
}

function databaseWith(onEnd: OnEnd, layers: number): CountedDatabase {
  const database = new CountedDatabase(join(temporaryRoot(onEnd), "index.db"), {
    prepare: () => {},
    onCreate: () => {},
    onOpen: () => {},
    exclusive: (body) => body(),
    onNotice: () => {},
  });
  onEnd(() => database.close());
  database.transaction(() => {
    for (let i = 0; i < layers; i++) database.run("INSERT INTO layers (draft, verified, unpacked, created_at) VALUES (0, 1, 0, 0)");
  });
  database.statements = 0;
  return database;
}

/** Returns stacks of 1 to `height` layers, each on the one before. */
function tower(height: number): readonly Stack[] {
  const stacks: Stack[] = [];
  for (let i = 1; i <= height; i++) stacks.push(stackOn(stacks.at(-1) ?? [], layerId(i)));
  return stacks;
}

test("a stack on a stack that is known costs the same however high it is", (t) => {
  const database = databaseWith((end) => t.teardown(end), 300);
  const stacks = new Stacks(database);
  const costs = tower(300).map((stack) => {
    const before = database.statements;
    database.transaction(() => stacks.idOf(stack));
    return database.statements - before;
  });
  t.is(costs[299], costs[1]);
  t.is(database.get<{ rows: number }>("SELECT count(*) AS rows FROM stacks")?.rows, 300);
});

test("a stack is read once; parts of it that are asked for later are read on their own", (t) => {
  const database = databaseWith((end) => t.teardown(end), 100);
  const written = new Stacks(database);
  const all = tower(100);
  const ids = all.map((stack) => database.transaction(() => written.idOf(stack)));
  const stacks = new Stacks(database);
  t.deepEqual(stacks.stackOf(ids[49] ?? null), all[49]);
  database.statements = 0;
  t.deepEqual(stacks.stackOf(ids[50] ?? null), all[50]);
  t.is(database.statements, 1);
  t.deepEqual(stacks.stackOf(ids[99] ?? null), all[99]);
  t.is(database.statements, 50);
  t.is(stacks.stackOf(ids[99] ?? null), stacks.stackOf(ids[99] ?? null));
  t.deepEqual(stacks.stackOf(null), []);
  t.is(stacks.stackOf(1000), undefined);
});

test("equal stacks have one row, whatever they were made of", (t) => {
  const database = databaseWith((end) => t.teardown(end), 3);
  const [a, b, c] = [1, 2, 3].map(layerId) as [LayerId, LayerId, LayerId];
  const idOf = (stack: Stack) => database.transaction(() => new Stacks(database).idOf(stack));
  t.is(idOf([a, b, c]), idOf(stackOn(stackOn([a], b), c)));
  t.not(idOf([a, b, c]), idOf([b, a, c]));
  t.is(idOf([]), null);
  t.throws(() => idOf([a, layerId(99)]), { code: "store/layer-missing" });
});

test("what a rollback took back is not remembered, although its numbers are given again", (t) => {
  const database = databaseWith((end) => t.teardown(end), 2);
  const stacks = new Stacks(database);
  const [a, b] = [[layerId(1)], [layerId(2)]];
  t.throws(() =>
    database.transaction(() => {
      stacks.idOf(a);
      throw new Error("full");
    }),
  );
  const id = database.transaction(() => stacks.idOf(b));
  t.deepEqual(stacks.stackOf(id), b);
  t.not(
    database.transaction(() => stacks.idOf(a)),
    id,
  );
});

test("rows that were collected meanwhile are made again", (t) => {
  const database = databaseWith((end) => t.teardown(end), 3);
  const stacks = new Stacks(database);
  const [low, middle, high] = tower(3) as [Stack, Stack, Stack];
  database.transaction(() => stacks.idOf(middle));
  pruneStacks(database);
  const id = database.transaction(() => stacks.idOf(high));
  t.deepEqual(new Stacks(database).stackOf(id), high);
  t.deepEqual(new Stacks(database).stackOf(database.transaction(() => stacks.idOf(low))), low);
});

test("a layer that is twice in a stack is used once by its result", (t) => {
  const database = databaseWith((end) => t.teardown(end), 2);
  const [a, b] = [layerId(1), layerId(2)];
  const result = (stack: Stack, usedAt: number) =>
    database.transaction(() =>
      database.run(
        "INSERT INTO results (primary_key, stack, name, components, created_at, used_at) VALUES ('k', ?, '', '', 0, ?)",
        new Stacks(database).idOf(stack),
        usedAt,
      ),
    );
  result([a], 5);
  result([a, b, a], 7);
  t.deepEqual(
    [...layerUses(database)].sort(([x], [y]) => x - y),
    [
      [1, { steps: 2, usedAt: 7 }],
      [2, { steps: 1, usedAt: 7 }],
    ],
  );
});

test("results of an older schema keep their layers", (t) => {
  const root = temporaryRoot((end) => t.teardown(end));
  mkdirSync(storePaths(root).base, { recursive: true });
  const old = openSqlite(storePaths(root).database);
  const version = MIGRATIONS.findIndex((migration) => typeof migration !== "string") - 1;
  for (const migration of MIGRATIONS.slice(0, version)) if (typeof migration === "string") old.exec(migration);
  old.exec(`PRAGMA user_version = ${version}`);
  for (let i = 1; i <= 40; i++) {
    old.exec("INSERT INTO layers (draft, verified, unpacked, origin, created_at) VALUES (0, 1, 0, 'there', 0)");
    const names = Array.from({ length: i }, (_, index) => layerId(index + 1));
    old.exec(
      `INSERT INTO results (primary_key, layers, name, components, created_at, used_at) VALUES ('${key(`${i}`)}', '${names.join(" ")}', 'RUN', '{}', 1, 1)`,
    );
    old.exec(`INSERT INTO keys (key, result) VALUES ('${key(`${i}`)}', ${i})`);
    for (let layer = 1; layer <= i; layer++) old.exec(`INSERT INTO result_layers (result, layer) VALUES (${i}, ${layer})`);
  }
  old.close();
  const store = open((end) => t.teardown(end), root);
  for (const height of [1, 39, 40]) {
    t.deepEqual(
      store.results.lookup(key(`${height}`))?.layers,
      Array.from({ length: height }, (_, index) => layerId(index + 1)),
    );
  }
  t.deepEqual(store.gc.verify(), []);
});

test("collection takes the upper steps of a high stack and leaves the lower ones whole", (t) => {
  const root = temporaryRoot((end) => t.teardown(end));
  const first = openStore({ root });
  let stack: Stack = [];
  for (let i = 0; i < 30; i++) {
    stack = stackOn(stack, first.layers.addPacked(layerBlob(first, `${i}`), "gzip").id);
    first.results.save({ keys: [key(`${i}`)], layers: stack, name: `COPY ${i}`, components: "{}" });
  }
  first.close();
  const store = open((end) => t.teardown(end), root);
  const { removed } = store.gc.collect({ unusedFor: 0, only: ({ name }) => Number(name.slice("COPY ".length)) >= 20 });
  t.is(removed.filter(({ kind }) => kind === "layer").length, 10);
  t.deepEqual(store.results.lookup(key("19"))?.layers, stack.slice(0, 20));
  t.is(store.results.lookup(key("20")), undefined);
  t.deepEqual(store.gc.verify(), []);
  store.layers.forgetBlob(layerBlob(store, "10").digest);
  t.deepEqual(store.results.lookup(key("9"))?.layers, stack.slice(0, 10));
  t.is(store.results.lookup(key("10")), undefined);
  t.is(store.results.lookup(key("19")), undefined);
});
