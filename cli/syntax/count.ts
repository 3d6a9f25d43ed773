import { badCount } from "./errors.js";

/** Reads the value of `--jobs`: a number from 1 on, or `auto`; undefined without one. */
export function parseJobs(text: string | undefined): number | "auto" | undefined {
  if (text === undefined || text === "auto") return text;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw badCount(text, "jobs");
}
