import type { Agent } from "node:http";

/**
 * Milliseconds after which idle connections end. Servers keep an idle connection longer than this.
 */
const IDLE = 4_000;

/**
 * Agents that are idle, by server and by how far it is trusted. Their connections do not keep the
 * process alive.
 */
const idle = new Map<string, { readonly agent: Agent; readonly timer: NodeJS.Timeout }>();

/** Removes and returns the idle agent of a key. */
export function takeIdleAgent(key: string): Agent | undefined {
  const found = idle.get(key);
  if (!found) return undefined;
  idle.delete(key);
  clearTimeout(found.timer);
  return found.agent;
}

/**
 * Destroys an agent's active connections and keeps the idle ones for a moment. Destroys the agent
 * when the key has an idle agent already.
 */
export function keepIdleAgent(key: string, agent: Agent): void {
  for (const sockets of Object.values(agent.sockets)) for (const socket of sockets ?? []) socket.destroy();
  if (idle.has(key)) return agent.destroy();
  const end = (): void => {
    idle.delete(key);
    agent.destroy();
  };
  idle.set(key, { agent, timer: setTimeout(end, IDLE).unref() });
}
