import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { notInstalled, requires, withoutNamespaces } from "../../support/requires.js";
import { withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { FakeEditor } from "../../support/servers/editor.js";

// `tsbuild dap`: an editor stops a build between its steps.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutNamespaces());

const DOCKERFILE = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]

FROM base
ENV WORD=hello
WORKDIR /srv
RUN echo $WORD >made && ln -s made link
RUN test -e /srv/fixed
`;

/** Files of the last stage, above the failing step. */
const WHOLE = DOCKERFILE.replace("RUN test -e /srv/fixed\n", "");

type Variable = Readonly<Record<"name" | "value", string>> & { readonly variablesReference: number };

interface Session {
  readonly editor: FakeEditor;
  readonly file: string;
  /** Leaves the adapter. Returns its exit code. */
  leave(): Promise<number | undefined>;
}

async function debugging(rig: Rig, text: string, flags: readonly string[], body: (session: Session) => Promise<void>): Promise<void> {
  const context = rig.context("context", { Dockerfile: text });
  copyFileSync(BUSYBOX as string, join(context, "busybox"));
  const adapter = rig.start(["dap", ...flags], { openInput: true });
  const { stdin, stdout } = adapter.process;
  if (!stdin || !stdout) throw new Error("the adapter has no streams");
  const editor = new FakeEditor(stdin, stdout);
  const leave = async () => {
    await editor.ask("disconnect");
    stdin.end();
    return (await adapter.ended).code;
  };
  await editor.ask("initialize", { adapterID: "dockerfile", linesStartAt1: true, supportsRunInTerminalRequest: true });
  await body({ editor, file: join(context, "Dockerfile"), leave });
}

/** Returns the variables of a scope by their names. */
async function scope(editor: FakeEditor, name: string): Promise<ReadonlyMap<string, Variable>> {
  const { scopes } = (await editor.ask("scopes", { frameId: 0 })) as { readonly scopes: readonly Variable[] };
  return variables(editor, scopes.find((one) => one.name === name)?.variablesReference ?? 0);
}

async function variables(editor: FakeEditor, variablesReference: number): Promise<ReadonlyMap<string, Variable>> {
  const found = (await editor.ask("variables", { variablesReference })) as { readonly variables: readonly Variable[] };
  return new Map(found.variables.map((variable) => [variable.name, variable]));
}

async function line(editor: FakeEditor): Promise<number | undefined> {
  const { stackFrames } = (await editor.ask("stackTrace", { threadId: 1 })) as {
    readonly stackFrames: readonly { readonly line: number }[];
  };
  return stackFrames[0]?.line;
}

serial("dap: a build stops on a line, shows its state, goes on, and makes the image", (t) =>
  withRig((rig) =>
    debugging(rig, WHOLE, ["-o", "type=oci,dest=out.tar"], async ({ editor, file, leave }) => {
      await editor.ask("launch", { contextPath: "context", stopOnEntry: true });
      await editor.event("initialized");
      const asked = { source: { path: file }, breakpoints: [{ line: 6 }, { line: 8 }, { line: 99 }] };
      const { breakpoints } = (await editor.ask("setBreakpoints", asked)) as { readonly breakpoints: readonly object[] };
      t.like(breakpoints, [{ verified: true, line: 7 }, { verified: true, line: 8 }, { verified: false }] as object);
      await editor.ask("configurationDone");
      t.is((await editor.event("stopped"))["reason"], "entry");
      t.is(await line(editor), 2);
      await editor.ask("continue", { threadId: 1 });
      t.is((await editor.event("stopped"))["reason"], "breakpoint");
      await editor.ask("continue", { threadId: 1 });
      t.is((await editor.event("stopped"))["reason"], "breakpoint");
      t.is(await line(editor), 8);
      t.is((await scope(editor, "Environment")).get("WORD")?.value, "hello");
      t.is((await scope(editor, "Step")).get("directory")?.value, "/srv");
      const files = await scope(editor, "Files");
      t.deepEqual([...files.keys()], ["bin", "srv"]);
      t.regex((await variables(editor, files.get("bin")?.variablesReference ?? 0)).get("sh")?.value ?? "", /^lrwxrwxrwx .* -> /);
      t.is((await editor.ask("evaluate", { expression: "$WORD", context: "hover" }))["result"], "hello");
      t.is(
        (await editor.ask("evaluate", { expression: "pwd; ls; touch lost; exit 3", context: "repl" }))["result"],
        "The command ended with exit code 3",
      );
      t.is(editor.output("stdout"), "/srv\n");
      await editor.ask("next", { threadId: 1 });
      t.is((await editor.event("stopped"))["reason"], "step");
      t.deepEqual(
        [...(await variables(editor, (await scope(editor, "Files")).get("srv")?.variablesReference ?? 0)).keys()],
        ["link", "made"],
      );
      await editor.ask("stepBack", { threadId: 1 });
      await editor.event("stopped");
      t.is(await line(editor), 8);
      await editor.ask("continue", { threadId: 1 });
      t.is((await editor.event("exited"))["exitCode"], 0);
      await editor.event("terminated");
      t.true(existsSync(rig.path("out.tar")));
      t.is(await leave(), 0);
    }),
  ),
);

serial("dap: a step that fails stops the build, with its state and a terminal in it", (t) =>
  withRig((rig) =>
    debugging(rig, DOCKERFILE, [], async ({ editor, leave }) => {
      await editor.ask("launch", { contextPath: "context" });
      await editor.event("initialized");
      await editor.ask("configurationDone");
      const stopped = await editor.event("stopped");
      t.is(stopped["reason"], "exception");
      t.regex(String(stopped["text"]), /RUN test -e \/srv\/fixed/);
      t.regex(String((await editor.ask("exceptionInfo", { threadId: 1 }))["description"]), /exit code: 1/);
      t.is(await line(editor), 9);
      t.is((await editor.ask("evaluate", { expression: "cat link", context: "repl" }))["result"], "");
      t.is(editor.output("stdout"), "hello\n");
      await editor.ask("evaluate", { expression: "exec", context: "repl" });
      const words = (editor.requests[0] as { readonly arguments: { readonly args: readonly string[] } }).arguments.args;
      const opened = await rig.spawn(words[0] ?? "", [...words.slice(1), "--", "cat", "/srv/made"]).ended;
      t.is(opened.stdout.toString(), "hello\n", opened.stderr);
      await editor.ask("continue", { threadId: 1 });
      t.is((await editor.event("exited"))["exitCode"], 1);
      t.is(await leave(), 0);
    }),
  ),
);

const REFUSED: Readonly<Record<string, readonly [launch: Readonly<Record<string, unknown>>, message: RegExp]>> = {
  "a Dockerfile with errors": [{ contextPath: "context" }, /COPPY/],
  "a context that is not there": [{ contextPath: "nowhere" }, /nowhere/],
  "nonsense in a launch configuration": [{ contextPath: 7 }, /"contextPath" of the launch configuration has to be a text/],
};

for (const [name, [launch, message]] of Object.entries(REFUSED))
  serial(`dap: refused with the message of a build: ${name}`, (t) =>
    withRig((rig) =>
      debugging(rig, "FROM scratch\nCOPPY a /\n", [], async ({ editor, leave }) => {
        await t.throwsAsync(editor.ask("launch", launch), { message });
        t.is(await leave(), 0);
      }),
    ),
  );

serial("dap: an editor that goes away ends the build", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: 'FROM scratch\nCOPY busybox /\nRUN ["/busybox", "sleep", "1000"]\n' });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    const adapter = rig.start(["dap", context], { openInput: true });
    const { stdin, stdout } = adapter.process;
    if (!stdin || !stdout) throw new Error("the adapter has no streams");
    const editor = new FakeEditor(stdin, stdout);
    await editor.ask("initialize", { adapterID: "dockerfile" });
    await t.throwsAsync(editor.ask("evaluate", { expression: "pwd", context: "repl" }), { message: /no build was launched/ });
    await editor.ask("launch");
    await editor.event("initialized");
    await editor.ask("configurationDone");
    stdin.end();
    t.is((await adapter.ended).code, 0);
  }),
);
