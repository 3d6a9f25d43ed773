import test from "ava";
import { checkDockerfile } from "../../../frontend/dockerfile/check.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import { plainImages } from "../../support/images/plain-images.js";
import { PLAIN_OPTIONS } from "../../support/samples/frontend-options.js";

const CASES: readonly [line: string, message: string | undefined][] = [
  ["COPY --link --chown=200 f /tmp/f", '"/tmp" anew: its owner becomes 200; its mode becomes 0755, and was 1777'],
  ["COPY --link f /var/tmp/f", '"/var/tmp" anew: its mode becomes 0755, and was 1777'],
  ["COPY --link --chown=app f /etc/app/f", '"/etc" anew: its owner becomes app'],
  ["COPY --link --chown=1:2 f /usr/local/bin/", '"/usr" anew: its owner becomes 1:2'],
  ["COPY --link --chown=app f g /home", '"/home" anew: its owner becomes app'],
  ["ADD --link=true --chown=app f /opt/", '"/opt" anew: its owner becomes app'],
  ["COPY --link --chown=0:0 f /etc/f", undefined],
  ["COPY --link f /usr/local/bin/f", undefined],
  ["COPY --link --chown=app . /app/", undefined],
  ["COPY --link --chown=app f f", undefined],
  ["COPY --link=false --chown=app f /etc/f", undefined],
  ["COPY --chown=app f /etc/f", undefined],
];

async function messages(text: string): Promise<readonly string[]> {
  const { ast } = parseDockerfile(text, "Dockerfile");
  const { warnings } = await checkDockerfile(ast, { ...PLAIN_OPTIONS, text, buildArgs: {} }, plainImages(""), true);
  return warnings.filter(({ rule }) => rule === "LinkChangesParents").map(({ message }) => message);
}

for (const [line, message] of CASES) {
  test(`LinkChangesParents: ${line}`, async (t) => {
    const keyword = line.split(" ")[0];
    t.deepEqual(await messages(`FROM debian:12\n${line}\n`), message === undefined ? [] : [`${keyword} --link makes ${message}`]);
    t.deepEqual(await messages(`FROM scratch\n${line}\n`), []);
  });
}
