import { Writable } from "node:stream";
import test from "ava";
import { build } from "../../../api/build/build.js";
import { openImageStore } from "../../../api/image-store/image-store.js";
import { tagHint } from "../../../api/sources/similar-tags.js";
import { TsbuildError } from "../../../core/errors.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { fakeRegistry, type Handler, sendJson } from "../../support/servers/registry.js";

test("a tag that is not there is answered with one that is nearly the same, or with a few", (t) => {
  t.is(tagHint("app", "latest", []), undefined);
  t.is(tagHint("app", "latest", ["1"]), 'Did you mean "app:1"?');
  t.is(tagHint("app", "bookwrm", ["bullseye", "bookworm", "1"]), 'Did you mean "app:bookworm"?');
  t.is(tagHint("app", "1.3", ["1.2", "1.4", "latest"]), 'app has the tags "1.2", "1.4", "latest"');
  const many = Array.from({ length: 30 }, (_, index) => `2.${index}`);
  t.is(tagHint("app", "2.30", many), 'Near tags of app: "2.0", "2.3", "2.10", "2.20", "2.1"; it has 25 more');
});

/** A registry that has no manifest, and these names of tags. */
const withTags =
  (tags: unknown): Handler =>
  ({ url }, response) =>
    url.includes("/tags/list") ? sendJson(response, 200, { tags }) : sendJson(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN" }] });

test("FROM and pull of a tag that a registry does not have offer tags that it has", async (t) => {
  const server = await fakeRegistry(withTags(["bookworm", "bullseye", `x${"y".repeat(200)}`, "\u001b[2J"]));
  t.teardown(() => server.close());
  const directory = temporaryDirectory();
  t.teardown(directory.remove);
  const store = await openImageStore({ root: directory.path });
  t.teardown(() => store.close());
  const image = `${server.host}/debian`;
  const built = () => {
    const dockerfile = { text: `FROM ${image}:bookwrm\n` };
    const dest = new Writable({ write: (_chunk, _encoding, done) => done() });
    return build({ context: directory.path, dockerfile, root: directory.path, outputs: [{ type: "oci", dest }] });
  };
  for (const ask of [() => store.pull(`${image}:bookwrm`), built]) {
    const error = await t.throwsAsync(ask(), { instanceOf: TsbuildError, code: "registry/not-found" });
    t.is(error.hint, `Did you mean "${image}:bookworm"?`);
  }
  // The list makes the error better: that it cannot be had is none.
  for (const answer of [{}, "no list", [], ["\u001b[2J"], ["bookwrm", "bookworm"]]) {
    server.handler = withTags(answer);
    const error = await t.throwsAsync(store.pull(`${image}:bookwrm`), { instanceOf: TsbuildError, code: "registry/not-found" });
    t.is(error.hint, "Check the name and the tag");
  }
});
