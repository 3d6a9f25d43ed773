import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { RunningCommand, SandboxExit, TerminalSize } from "../../../executor-native/contract.js";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok } from "./case.js";

/** A command that somebody talks to. */
interface Talk {
  readonly exit: Promise<SandboxExit>;
  /** Writes to the command. */
  say(text: string): void;
  end(): void;
  /** Resolves when the command has printed `text` after what was waited for before. */
  hear(text: string): Promise<void>;
  readonly command: RunningCommand;
  /** Returns everything that the command printed. */
  heard(): string;
}

async function begin(
  rig: SandboxRig,
  args: string | readonly string[],
  { terminal, user = "" }: { readonly terminal?: TerminalSize; readonly user?: string } = {},
): Promise<Talk> {
  const input = new PassThrough();
  let heard = "";
  let from = 0;
  let waiting: (() => void) | undefined;
  let onStart: (command: RunningCommand) => void = () => {};
  const started = new Promise<RunningCommand>((resolve) => (onStart = resolve));
  const exit = rig
    .run(args, {
      interactive: true,
      user,
      ...(terminal && { terminal }),
      input,
      onStart,
      onOutput: (_stream, data) => {
        heard += Buffer.from(data).toString("latin1");
        waiting?.();
      },
    })
    .then((ran) => ran.exit);
  const command = await started;
  let ended = false;
  void exit
    .finally(() => {
      ended = true;
      waiting?.();
    })
    .catch(() => undefined);
  return {
    exit,
    command,
    say: (text) => void input.write(text),
    end: () => void input.end(),
    heard: () => heard,
    async hear(text) {
      while (!heard.slice(from).includes(text)) {
        if (ended) assert.fail(`It ended without "${text}": ${JSON.stringify(heard.slice(from))}`);
        await new Promise<void>((resolve) => (waiting = resolve));
      }
      from = heard.indexOf(text, from) + text.length;
    },
  };
}

const SIZE: TerminalSize = { rows: 31, columns: 97 };

/** Commands that somebody talks to: input, signals, a terminal. */
export const talk: readonly Case[] = [
  {
    name: "input arrives, and ends",
    run: async (rig) => {
      const cat = await begin(rig, ["cat"]);
      cat.say("one\n");
      await cat.hear("one\n");
      cat.say("two\n");
      cat.end();
      assert.deepEqual(await cat.exit, ok);
      assert.equal(cat.heard(), "one\ntwo\n");
    },
  },
  {
    name: "more input than a pipe holds is carried whole, and what nobody reads holds up nothing",
    run: async (rig) => {
      const text = "0123456789abcde\n".repeat(20_000);
      const count = await begin(rig, "head -c 5 >/dev/null; wc -c");
      count.say(text);
      count.end();
      assert.deepEqual(await count.exit, ok);
      const deaf = await begin(rig, "exec <&-; exit 3");
      deaf.say(text);
      assert.deepEqual(await deaf.exit, { code: 3 });
    },
  },
  {
    name: "signals reach the command, also while nobody reads its input",
    run: async (rig) => {
      const trap = await begin(rig, "trap 'echo term; exit 7' TERM; trap 'echo hup' HUP; echo up; while true; do sleep 0.01; done");
      trap.say("x".repeat(200_000));
      await trap.hear("up\n");
      trap.command.kill("SIGHUP");
      await trap.hear("hup\n");
      trap.command.kill("SIGTERM");
      assert.deepEqual(await trap.exit, { code: 7 });
      const plain = await begin(rig, ["sh", "-c", "echo up; exec cat"]);
      await plain.hear("up\n");
      plain.command.kill("SIGINT");
      assert.deepEqual(await plain.exit, { signal: "SIGINT" });
    },
  },
  {
    name: "a terminal has a name, a size that changes, and an end",
    run: async (rig) => {
      const shell = await begin(rig, 'tty; stty size; while read line; do echo "<$line>"; done; echo out', { terminal: SIZE });
      await shell.hear("/dev/pts/");
      await shell.hear("31 97");
      shell.say("a\n");
      await shell.hear("<a>");
      shell.end();
      await shell.hear("out");
      assert.deepEqual(await shell.exit, ok);
      const sized = await begin(rig, "trap 'stty size; exit 4' WINCH; echo up; while true; do sleep 0.01; done", { terminal: SIZE });
      await sized.hear("up");
      sized.command.resize({ rows: 5, columns: 40 });
      await sized.hear("5 40");
      assert.deepEqual(await sized.exit, { code: 4 });
    },
  },
  {
    name: "a shell at a terminal controls its jobs: ctrl-c and ctrl-z reach the command alone",
    run: async (rig) => {
      const shell = await begin(rig, ["sh", "-i"], { terminal: SIZE });
      // The quotes keep what is waited for out of the echo of what is typed.
      shell.say("PS1='rea''dy'\n");
      await shell.hear("ready");
      shell.say("sh -c 'echo u\"\"p; exec sleep 1000'\n");
      await shell.hear("up");
      shell.say("\x03");
      await shell.hear("ready");
      shell.say("sh -c 'echo do\"\"wn; exec cat'\n");
      await shell.hear("down");
      shell.say("\x1a");
      await shell.hear("ready");
      shell.say("kill -9 %1; wait; echo x-$((2+3))\n");
      await shell.hear("x-5");
      // A shell with jobs that were stopped asks twice.
      shell.say("exit 9\nexit 9\n");
      assert.deepEqual(await shell.exit, { code: 9 });
      assert.doesNotMatch(shell.heard(), /can't access tty|no job control/);
    },
  },
  {
    name: "the terminal of a command is /dev/tty",
    differs: { supervised: "`/dev/tty`" },
    run: async (rig) => {
      const shell = await begin(rig, "echo hello >/dev/tty || exit 1", { terminal: SIZE });
      assert.deepEqual(await shell.exit, ok);
      assert.equal(shell.heard(), "hello\r\n");
    },
  },
  {
    name: "another user than root has the terminal",
    run: async (rig) => {
      const shell = await begin(rig, "id -u; echo again >/dev/stdout", { terminal: SIZE, user: "www" });
      await shell.hear("33");
      await shell.hear("again");
      assert.deepEqual(await shell.exit, ok);
    },
  },
];
