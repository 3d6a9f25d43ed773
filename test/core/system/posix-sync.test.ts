import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import test from "ava";
import { syncfs } from "../../../core/system/posix.js";

test("syncfs() reports whether a file system was written to its disk", async (t) => {
  const fd = openSync(tmpdir(), "r");
  const synced = await syncfs(fd);
  closeSync(fd);
  t.true(synced);
  t.false(await syncfs(fd));
});
