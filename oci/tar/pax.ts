import type { Timestamp } from "../../core/file-node.js";
import { decodePath } from "../../core/system/path-bytes.js";

/**
 * One record of a PAX extended header, in order. Keys may repeat (GNU sparse 0.0). Values are
 * bytes: xattrs are binary.
 */
export type PaxRecord = readonly [key: string, value: Buffer];

/**
 * Returns the records of a PAX body (`LENGTH KEY=VALUE\
 * ` …), or the fault in it.
 */
export function parsePax(body: Buffer): readonly PaxRecord[] | { readonly problem: string } {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 || space - at > 10 ? "" : body.toString("latin1", at, space);
    if (!/^[0-9]+$/.test(digits)) return { problem: "a PAX record without a length" };
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    if (end > body.length || end <= space || body[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      return { problem: `a PAX record whose length ${digits} is wrong` };
    }
    records.push([decodePath(body.subarray(space + 1, equals)), body.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** Returns the body of a PAX header, with the records in the same order. */
export function encodePax(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const tail = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.of(0x0a)]);
      // The length counts its own digits.
      let length = tail.length + 1;
      while (length !== tail.length + String(length).length) length = tail.length + String(length).length;
      return Buffer.concat([Buffer.from(String(length)), tail]);
    }),
  );
}

/**
 * Reads a PAX time: decimal seconds, possibly negative, with any number of fraction digits (cut to
 * nanoseconds).
 */
export function parsePaxTime(text: string): Timestamp | undefined {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (!match) return undefined;
  const whole = Number(match[2]);
  const nsec = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { sec: whole, nsec };
  return nsec === 0 ? { sec: whole === 0 ? 0 : -whole, nsec: 0 } : { sec: -whole - 1, nsec: 1_000_000_000 - nsec };
}

export function formatPaxTime({ sec, nsec }: Timestamp): string {
  if (nsec === 0) return String(sec);
  const [sign, whole, fraction] = sec < 0 ? ["-", -sec - 1, 1_000_000_000 - nsec] : ["", sec, nsec];
  return `${sign}${whole}.${String(fraction).padStart(9, "0").replace(/0+$/, "")}`;
}
