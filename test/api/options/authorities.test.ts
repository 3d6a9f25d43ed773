import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readAuthorities } from "../../../api/options/authorities.js";
import { temporaryDirectory } from "../../support/images/images.js";

test("certificates that are no regular file, too large or none are refused by name", (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const at = (name: string) => join(directory.path, name);
  execFileSync("mkfifo", [at("pipe")]);
  writeFileSync(at("large"), "");
  truncateSync(at("large"), 2 << 20);
  writeFileSync(at("text"), "no certificate");
  mkdirSync(at("empty"));
  const why: Readonly<Record<string, RegExp>> = {
    [at("pipe")]: /it is a pipe$/,
    "/dev/zero": /it is a device$/,
    [at("large")]: /it has more than 1 MiB$/,
    [at("text")]: /it holds no certificate in PEM$/,
    [at("empty")]: /the directory has no file/,
    [at("none")]: /there is no such file$/,
  };
  for (const [path, message] of Object.entries(why)) t.throws(() => readAuthorities([path]), { code: "options/invalid", message }, path);
});
