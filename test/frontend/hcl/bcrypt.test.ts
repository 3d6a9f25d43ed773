import test from "ava";
import { bcrypt } from "../../../frontend/hcl/functions/bcrypt.js";

const DOTS = "00000000000000000000000000000000";

/** Salts in bytes, and the hashes of other programs. */
const HASHES: readonly (readonly [password: string, cost: number, salt: string, hash: string])[] = [
  ["U*U", 5, "10410410410410410410410410410410", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["", 4, DOTS, "$2a$04$......................w74bL5gU7LSJClZClCa.Pkz14aTv/XO"],
  // The bytes after the 72nd count for nothing.
  ["päss".repeat(18), 4, DOTS, "$2a$04$......................OP7IF68QYC.xuI6df0DfigemgI8O2xy"],
];

test("bcrypt: hashes are those of other programs", (t) => {
  for (const [password, cost, salt, hash] of HASHES) t.is(bcrypt(password, cost, Buffer.from(salt, "hex")), hash);
});
