import { existsSync } from "node:fs";
import { TsbuildError } from "../../core/errors.js";
import { noNetworkInTier, noStack, noTun, type NoNetwork, stacksFailed } from "../../executor-native/network/errors.js";
import { hostNetwork } from "../../executor-native/network/host-network.js";
import { canOpenTun, findStacks, type PrivateNetwork, TUN } from "../../executor-native/network/stacks.js";
import { NETWORK_TASK } from "../../executor-native/network/step-network.js";
import type { Worker } from "../../executor-native/contract.js";

/** The network that steps have without asking for one. */
export type SharedNetwork =
  | {
      readonly kind: "private";
      readonly stack: string;
      readonly resolvConf: string;
      readonly gateway: string | undefined;
      readonly place: PrivateNetwork;
    }
  | ({ readonly kind: "host" } & NoNetwork);

/**
 * Starts a network for the steps of a worker, by the first stack that comes up. The host's is the
 * answer where none does.
 */
export async function startSharedNetwork(worker: Worker, env: Readonly<Record<string, string | undefined>>): Promise<SharedNetwork> {
  if (worker.tier !== "namespaces") return { kind: "host", ...noNetworkInTier(worker.tier) };
  const stacks = findStacks(env, hostNetwork());
  if (stacks.length === 0) return { kind: "host", ...noStack() };
  if (!canOpenTun()) return { kind: "host", ...noTun(existsSync(TUN)) };
  const failures: string[] = [];
  for (const { command, resolvConf, gateway } of stacks) {
    try {
      const place = await worker.task<PrivateNetwork>(NETWORK_TASK, command);
      return { kind: "private", stack: command.name, resolvConf, gateway, place };
    } catch (error) {
      if (!(error instanceof TsbuildError) || !error.code.startsWith("exec/")) throw error;
      failures.push(error.message);
    }
  }
  return { kind: "host", ...stacksFailed(failures) };
}
