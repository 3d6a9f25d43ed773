import type { Agent } from "node:http";

/** Milliseconds after which idle connections end: no server worth the name ends them sooner by itself. */
const IDLE = 4_000;

/** Agents that nobody uses at the moment, by server and how far it is trusted. Their connections do not keep the process alive. */
const idle = new Map<string, { readonly agent: Agent; readonly timer: NodeJS.Timeout }>();

/** The agent that was kept under a key, for the caller alone. */
export function takeIdleAgent(key: string): Agent | undefined {
  const found = idle.get(key);
  if (!found) return undefined;
  idle.delete(key);
  clearTimeout(found.timer);
  return found.agent;
}

/** Ends what an agent has under way, and keeps its idle connections for a moment; of two for a key only the first. */
export function keepIdleAgent(key: string, agent: Agent): void {
  for (const sockets of Object.values(agent.sockets)) for (const socket of sockets ?? []) socket.destroy();
  if (idle.has(key)) return agent.destroy();
  const end = (): void => {
    idle.delete(key);
    agent.destroy();
  };
  idle.set(key, { agent, timer: setTimeout(end, IDLE).unref() });
}
