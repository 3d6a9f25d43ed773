import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import type { BuildOptions } from "../../../api/options/options.js";
import { DiagnosticsError, type TsbuildError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import { type Entitlement, missingEntitlements } from "../../../llb/entitlements.js";
import type { ExecOp } from "../../../llb/ops.js";
import { edge, topological } from "../../../llb/vertex.js";
import { requires, withoutNamespaces } from "../../support/requires.js";
import { requireEntitlements } from "../../../solver/entitlements.js";

/**
 * Builds a text without files in a store of its own, after `base` as the image `base`. Returns the
 * error.
 */
async function refusal(
  t: ExecutionContext,
  text: string,
  options: BuildOptions & { readonly base?: string } = {},
): Promise<TsbuildError | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-entitlements-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const { base, ...rest } = options;
  const common = { root: join(directory, "store"), context: Buffer.from(text), history: false as const, collect: false };
  if (base !== undefined) await build({ ...common, context: Buffer.from(base), tags: ["base"] });
  const started: string[] = [];
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "started") started.push(event.step);
  };
  try {
    await build({ ...common, onEvent, outputs: [{ type: "cacheonly" }], ...rest });
    return undefined;
  } catch (error) {
    return error as TsbuildError;
  }
}

const REFUSED: readonly (readonly [what: string, text: string, entitlement: Entitlement, options?: BuildOptions & { base?: string }])[] = [
  ["RUN --security=insecure", "FROM scratch\nRUN --security=insecure id\n", "security.insecure"],
  ["the same in exec form", 'FROM scratch\nRUN --security=insecure ["id"]\n', "security.insecure"],
  [
    "the same with leave for something else",
    "FROM scratch\nRUN --security=insecure id\n",
    "security.insecure",
    { allow: ["network.host"], network: "host" },
  ],
  [
    "the same in a stage that is only copied from",
    "FROM scratch AS one\nRUN --security=insecure id\nFROM scratch\nCOPY --from=one /a /a\n",
    "security.insecure",
  ],
  [
    "an ONBUILD trigger of the base image",
    "FROM base\n",
    "security.insecure",
    { base: "FROM scratch\nONBUILD RUN --security=insecure id\n" },
  ],
  ["an ONBUILD trigger of a stage", "FROM scratch AS one\nONBUILD RUN --security=insecure id\nFROM one\n", "security.insecure"],
  ["RUN --network=host without a flag", "FROM scratch\nRUN --network=host id\n", "network.host"],
  ["RUN --network=host under none", "FROM scratch\nRUN --network=host id\n", "network.host", { network: "none" }],
  [
    "an ONBUILD trigger with the host's network",
    "FROM base\n",
    "network.host",
    { base: "FROM scratch\nONBUILD RUN --network=host id\n", network: "none" },
  ],
];

for (const [what, text, entitlement, options] of REFUSED) {
  test(`entitlements: ${what} is refused with its place and the flag to give`, async (t) => {
    const error = await refusal(t, text, options);
    t.true(error instanceof DiagnosticsError, String(error));
    t.is(error?.code, "build/not-allowed");
    t.regex(error?.message ?? "", new RegExp(`^Cannot run ".*id"?\\]?": ${entitlement} is not allowed$`));
    t.regex(error?.hint ?? "", new RegExp(`--allow ${entitlement}$`));
    const range = error?.diagnostics[0]?.range;
    t.regex(text.slice(range?.start, range?.end), options?.base || text.includes("ONBUILD") ? /^FROM/ : /^RUN --/);
  });
}

requires(withoutNamespaces())(
  "entitlements: a step is let through by what the caller gives, and fails for its own reasons only",
  async (t) => {
    for (const [text, options] of [
      ["FROM scratch\nRUN --security=insecure id\n", { allow: ["security.insecure"] }],
      ["FROM scratch\nRUN --network=host id\n", { allow: ["network.host"] }],
      ["FROM scratch\nRUN --network=host id\n", { network: "host" }],
      ["FROM scratch\nRUN --network=default id\nRUN --network=none id\nRUN id\n", { network: "none" }],
    ] satisfies [string, BuildOptions][]) {
      // There is no program in these images, so the first step fails; it was let begin.
      t.is((await refusal(t, text, options))?.code, "build/step-failed", text);
    }
  },
);

const exec = (op: Partial<ExecOp>): ExecOp => ({
  kind: "exec",
  args: ["true"],
  env: [],
  cwd: "/",
  user: "",
  network: "default",
  security: "sandbox",
  mounts: [{ type: "bind", dest: "/", readonly: false, input: -1, selector: "/" }],
  ...op,
});

test("entitlements: the graph is asked, so that it does not matter who made it; every step is named", (t) => {
  const one = edge({ op: exec({ network: "host" }), metadata: { step: { kind: "export", text: "one" } } });
  const two = edge({
    op: exec({ security: "insecure", args: ["false"] }),
    inputs: [one],
    metadata: { step: { kind: "export", text: "two" } },
  });
  const order = topological([two]);
  const error = t.throws(() => requireEntitlements(order, { network: "default", allow: new Set() }), { instanceOf: DiagnosticsError });
  t.deepEqual(
    error?.diagnostics.map(({ message }) => message),
    ['Cannot run "one": network.host is not allowed', 'Cannot run "two": security.insecure is not allowed'],
  );
  t.notThrows(() => requireEntitlements(order, { network: "host", allow: new Set(["security.insecure"]) }));
});

test("entitlements: a directory of the machine is refused by name where the graph alone has it", (t) => {
  const mounts: ExecOp["mounts"] = [
    { type: "bind", dest: "/", readonly: false, input: -1, selector: "/" },
    { type: "bind", dest: "/d", readonly: true, input: -1, selector: "/", host: "host:x" },
  ];
  const missing = (directories?: ReadonlyMap<string, { path: string; allowed: boolean }>) =>
    missingEntitlements(exec({ mounts }), { network: "default", allow: new Set(), ...(directories && { directories }) });
  t.deepEqual(missing(), ["fs.read=host:x"]);
  t.deepEqual(missing(new Map([["host:x", { path: "/data", allowed: false }]])), ["fs.read=/data"]);
  t.deepEqual(missing(new Map([["host:x", { path: "/data", allowed: true }]])), []);
});

test("entitlements: the network of the build is the most that a step gets", (t) => {
  const modes = ["none", "default", "host"] as const;
  const refused = modes.map((given) =>
    modes.filter((wanted) => missingEntitlements(exec({ network: wanted }), { network: given, allow: new Set() }).length > 0),
  );
  t.deepEqual(refused, [["default", "host"], ["host"], []]);
});
