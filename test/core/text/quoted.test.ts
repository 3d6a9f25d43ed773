import test from "ava";
import { endOfQuoted, quotedTexts } from "../../../core/text/quoted.js";
import { parseJson } from "../../../oci/validate.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import { readEnvFile } from "../../../frontend/compose/env-file.js";
import { parseHcl } from "../../../frontend/hcl/syntax/parse.js";
import { parseJsonBody } from "../../../frontend/hcl/syntax/json.js";

const ENDS: Readonly<Record<string, number | undefined>> = {
  '""': 2,
  '"a"b"': 3,
  "'a'": 3,
  "'a\"'": 4,
  '"\\""': 4,
  '"\\\\"x"': 4,
  '"\\\\\\""': 6,
  '"\\a\\"b\\\\"': 9,
  '"': undefined,
  '"\\"': undefined,
  '"a\\': undefined,
};

for (const [text, end] of Object.entries(ENDS)) {
  test(`the end of ${text}`, (t) => {
    t.is(endOfQuoted(text, 0), end);
    t.is(endOfQuoted(`\\"'${text}`, 3), end === undefined ? undefined : end + 3);
  });
}

test("quoted texts are found with their places", (t) => {
  t.deepEqual(
    [...quotedTexts('["a", "\\"", 1, ""]')],
    [
      { index: 1, text: '"a"' },
      { index: 6, text: '"\\""' },
      { index: 15, text: '""' },
    ],
  );
});

/** Long enough for a pattern with alternatives to fail. */
const LONG = "a".repeat(14 << 20);

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "a JSON document": (text) => parseJson(Buffer.from(JSON.stringify([text])), "test"),
  "a Dockerfile": (text) => parseDockerfile(`FROM scratch\nCMD ["${text}"]\n`, "Dockerfile"),
  "a file of variables": (text) => readEnvFile({ name: ".env", text: `A="${text}"\n` }, () => undefined),
  "a bake file": (text) => parseHcl({ name: "docker-bake.hcl", text: `target "a" {\n  args = { a = "${text}" }\n}\n` }),
  "a bake file of JSON": (text) =>
    parseJsonBody({ name: "docker-bake.json", text: JSON.stringify({ target: { a: { args: { a: text } } } }) }, {}),
};

for (const [what, read] of Object.entries(READERS)) {
  test(`a text of millions of characters in ${what}`, (t) => {
    t.notThrows(() => read(LONG));
  });
}
