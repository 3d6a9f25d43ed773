import test from "ava";
import { coveredUserinfo, hasUserinfo, withoutUserinfo } from "../../../core/text/address.js";

/** Texts: without users and passwords, with them covered, and true for any that is no variable. */
const TEXTS: readonly (readonly [text: string, without: string, covered: string, has: boolean])[] = [
  ["ADD https://user:pw@host/a /b", "ADD https://host/a /b", "ADD https://*******@host/a /b", true],
  ["https://token@host/a", "https://host/a", "https://*****@host/a", true],
  ["HTTP://u:p@ss@host:80/a@b", "HTTP://host:80/a@b", "HTTP://******@host:80/a@b", true],
  ['["https://u:p@a/", "http://v:q@b/"]', '["https://a/", "http://b/"]', '["https://***@a/", "http://***@b/"]', true],
  ["https://u:$PASSWORD@host/", "https://host/", "https://***********@host/", false],
  [
    "https://host/@scope/package?mail=a@b#c@d",
    "https://host/@scope/package?mail=a@b#c@d",
    "https://host/@scope/package?mail=a@b#c@d",
    false,
  ],
  ["https://host a@b", "https://host a@b", "https://host a@b", false],
  ["git@host:path ssh://git@host/path", "git@host:path ssh://git@host/path", "git@host:path ssh://git@host/path", false],
  ["no address", "no address", "no address", false],
];

for (const [text, without, covered, has] of TEXTS) {
  test(`users and passwords in: ${text}`, (t) => {
    t.deepEqual([withoutUserinfo(text), coveredUserinfo(text), hasUserinfo(text)], [without, covered, has]);
    t.is(coveredUserinfo(text).length, text.length);
  });
}
