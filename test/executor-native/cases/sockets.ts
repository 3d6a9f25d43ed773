import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../../core/package-root.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok } from "./case.js";

let program: string | undefined;

/** Returns the program that uses sockets in a way that its argument names. */
function compiled(rig: SandboxRig): string {
  if (program !== undefined) return program;
  program = join(rig.directory(), "sockets");
  const source = join(packageRoot(), "test/executor-native/cases/sockets.c");
  execFileSync("cc", ["-static", "-std=c11", "-D_GNU_SOURCE", "-o", program, source]);
  return program;
}

const WAYS: readonly (readonly [way: string, name: string, row?: string])[] = [
  ["by-path", "Unix sockets are found by path"],
  ["datagram", "datagrams go to Unix sockets by path", "datagram Unix sockets (`SOCK_DGRAM`) by name"],
  [
    "of-parent",
    "a child connects its parent's Unix socket",
    "a Unix socket that another process has, or that is in an epoll set, before it is bound or connected",
  ],
  [
    "in-set",
    "an epoll set learns that a Unix socket was connected",
    "a Unix socket that another process has, or that is in an epoll set, before it is bound or connected",
  ],
  ["accepted-name", "an accepted Unix socket has the path of its other end", "the address of an accepted Unix socket"],
];

/** Unix sockets, which the monitor binds and connects in the tier without privileges. */
export const sockets: readonly Case[] = WAYS.map(([way, name, row]) => ({
  name,
  ...(row !== undefined && { differs: { supervised: row } }),
  run: async (rig) => {
    const mounts: SandboxMount[] = [{ type: "bind", source: compiled(rig), dest: "/tool", readonly: true }];
    const { exit, err } = await rig.run(`/tool ${way}`, { mounts });
    assert.deepEqual(exit, ok, err);
  },
}));
