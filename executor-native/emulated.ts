import { readText } from "./read-text.js";

/** The processors that tsbuild has native parts for, in the kernel's words. */
const MACHINES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Returns the machine's processor when an emulator runs this program for another one. Kernels
 * before Linux 6.1 do not say it.
 */
export function emulatedOn(read: (path: string) => string | undefined = readText, own: string = process.arch): string | undefined {
  const machine = read("/proc/sys/kernel/arch")?.trim();
  return machine !== undefined && own in MACHINES && machine !== MACHINES[own] ? machine : undefined;
}

/** Says that steps cannot run in an emulated tsbuild. */
export function emulated(machine: string): { readonly problem: string; readonly hint: string } {
  return {
    problem: `An emulator runs tsbuild itself: it is made for ${process.arch}, and this machine is ${machine}. Emulators have neither namespaces nor filters of system calls`,
    hint: `Use the tsbuild for this machine's processor with --platform=linux/${process.arch === "x64" ? "amd64" : process.arch}: it runs steps of other platforms with an emulator. Builds without RUN work as they are`,
  };
}
