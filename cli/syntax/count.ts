import { badCount } from "./errors.js";

/** Reads the value of a flag that takes a number from 1 on; undefined without one. */
export function parseCount(text: string | undefined, flag: string): number | undefined {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text === undefined ? undefined : Number(text);
  throw badCount(text, flag);
}
