import type { StepUsage } from "../../core/events.js";

/** Returns one line about what a step used. */
export function usageText({ userTime, systemTime, peakMemory, peakOf, bytesRead, bytesWritten, peakTasks }: StepUsage): string {
  const memory = `${size(peakMemory)} of memory${peakOf === "process" ? " in its largest process" : ""}`;
  const time = `${((userTime + systemTime) / 1000).toFixed(1)}s of processor time`;
  const tasks = peakTasks === undefined ? [] : [`${peakTasks} tasks at most`];
  return [memory, time, `${size(bytesRead)} read`, `${size(bytesWritten)} written`, ...tasks].join(", ");
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / (1 << 20))} MiB`;
}
