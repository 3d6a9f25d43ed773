import test from "ava";
import { StatusFeed } from "../../../api/server/results/status-feed.js";
import type { Diagnostic } from "../../../core/diagnostics.js";

/** Warnings, and what a client shows of them. */
const WARNINGS: readonly (readonly [name: string, diagnostic: Diagnostic, short: string, detail: readonly string[]])[] = [
  [
    "of a rule of BuildKit's",
    {
      severity: "warning",
      code: "lint/a",
      rule: "MaintainerDeprecated",
      message: "Maintainer instruction is deprecated",
      hint: "write LABEL",
    },
    "MaintainerDeprecated: Maintainer instruction is deprecated",
    ["The MAINTAINER instruction is deprecated, use a label instead to define an image author", "write LABEL"],
  ],
  ["without a rule", { severity: "warning", code: "options/idle", message: "it changes nothing" }, "options/idle: it changes nothing", []],
];
for (const [name, diagnostic, short, detail] of WARNINGS) {
  test(`a warning ${name} has what BuildKit's clients show`, async (t) => {
    const feed = new StatusFeed();
    feed.onEvent({ type: "warning", diagnostic });
    feed.end();
    const text = (bytes: Uint8Array = new Uint8Array()): string => Buffer.from(bytes).toString();
    for await (const { warnings = [] } of feed.read(new AbortController().signal)) {
      t.deepEqual(
        warnings.map((warning) => [text(warning.short), warning.detail?.map(text)]),
        [[short, detail]],
      );
    }
  });
}
