import { randomBytes } from "node:crypto";
import { encodeBase64, hashSync } from "bcryptjs";
import { CallError } from "../evaluate/scope.js";
import { string, textOf } from "../values/value.js";
import { type Functions, define, NUMERIC, TEXT, whole } from "./define.js";

/** Highest cost, which takes some seconds. One more takes twice as long, and a file is foreign. */
const HIGHEST_COST = 14;
const LOWEST_COST = 4;
const DEFAULT_COST = 10;

/** Bytes of a salt. */
const SALT = 16;

/** Returns the bcrypt hash of a password of at most 72 bytes, in the form of Go's (`$2a$`). */
export function bcrypt(password: string, cost: number, salt: Uint8Array): string {
  return hashSync(password, `$2a$${String(cost).padStart(2, "0")}$${encodeBase64([...salt], SALT)}`);
}

export const PASSWORD_FUNCTIONS: Functions = {
  bcrypt: define(
    [TEXT("str")],
    (text, given, ...more) => {
      if (more.length > 0) throw new CallError("a text and a cost are all that it takes", 2);
      const cost = given === undefined ? DEFAULT_COST : whole(given, 1);
      if (cost > HIGHEST_COST) throw new CallError(`the cost ${cost} takes too long: it is at most ${HIGHEST_COST} here`, 1);
      const password = textOf(text);
      if (Buffer.byteLength(password) > 72) throw new CallError("a password has at most 72 bytes", 0);
      // A cost that is too low is Go's default, as there.
      return string(bcrypt(password, cost < LOWEST_COST ? DEFAULT_COST : cost, randomBytes(SALT)));
    },
    NUMERIC("cost"),
  ),
};
