import test from "ava";
import { UsageError } from "../../../core/errors.js";
import { resolveServices } from "../../../api/options/services/resolve-services.js";
import { listens } from "../../../api/services/listening-ports.js";
import { parseServices } from "../../../api/texts/services.js";

const env = { TOKEN: "from-here" };

test("services: the short form, the long one, and every key", (t) => {
  t.deepEqual(parseServices(["db=postgres:16"], { env }), { db: { image: "postgres:16" } });
  t.deepEqual(parseServices(["name=db,image=a/b@sha256:0,env.A=x=y,env.TOKEN,env.ABSENT"], { env }), {
    db: { image: "a/b@sha256:0", env: { A: "x=y", TOKEN: "from-here" } },
  });
  const text =
    "cache=redis,command=redis-server  --port 7000,entrypoint=sh,user=7,workdir=/w,wait=false,timeout=1m,key=true,health-cmd=ping,health-interval=1s,health-timeout=2s,health-start-period=3s,health-start-interval=4s,health-retries=5";
  t.deepEqual(parseServices([text], { env }), {
    cache: {
      image: "redis",
      command: ["redis-server", "--port", "7000"],
      entrypoint: "sh",
      user: "7",
      workdir: "/w",
      wait: false,
      timeout: "1m",
      inKeys: true,
      health: { command: "ping", interval: "1s", timeout: "2s", startPeriod: "3s", startInterval: "4s", retries: 5 },
    },
  });
  t.deepEqual(parseServices(["a=b,health-cmd=none"], { env })["a"]?.health, { command: false });
});

for (const text of ["db", "=x", "db=", "name=db", "image=x", "db=x,colour=red", "db=x,key=maybe", "db=x,wait"])
  test(`refused service: ${text}`, (t) => {
    t.throws(() => parseServices([text], { env }), { instanceOf: UsageError, code: "cli/bad-value" });
  });

test("refused services: two of a name, names that are none, networks without them", (t) => {
  t.throws(() => parseServices(["db=a", "db=b"], { env }), { message: /two services "db"/ });
  const own = { steps: "default", byDefault: "auto", isProxied: false } as const;
  const refused = { code: "options/invalid" } as const;
  for (const name of ["a b", "-x", "localhost", "a\nb"]) t.throws(() => resolveServices({ [name]: { image: "x" } }, own), refused);
  t.throws(() => resolveServices({ db: { image: "" } }, own), refused);
  t.throws(() => resolveServices({ db: { image: "x", timeout: "soon" } }, own), refused);
  t.throws(() => resolveServices({ db: { image: "x" } }, { ...own, steps: "host" }), refused);
  t.throws(() => resolveServices({ db: { image: "x" } }, { ...own, byDefault: "host" }), refused);
  t.throws(() => resolveServices({ db: { image: "x" } }, { ...own, isProxied: true }), refused);
  t.like(resolveServices({ db: { image: "x" } }, own)[0], { name: "db", patience: 120_000 });
});

test("services: a listening socket of /proc/net/tcp", (t) => {
  const table = `  sl  local_address rem_address   st
   0: 00000000:1538 00000000:0000 0A 00000000:00000000
   1: 0302000A:0050 0302000A:8000 01 00000000:00000000
`;
  t.true(listens(table, [80, 5432]));
  t.false(listens(table, [80]), "a connection is no server");
});
