import type { TestFn } from "ava";
import { sha256 } from "../../core/digest.js";
import type { BlobReader } from "../../oci/image.js";

/** Checks what every {@link BlobReader} promises. `make` gives one that holds these texts. */
export function blobReaderConformance(
  test: TestFn,
  title: string,
  make: (texts: readonly string[], onEnd: (end: () => void) => void) => BlobReader,
): void {
  const texts = ["", "hello", "é".repeat(100_000)];

  test(`${title}: has what it holds, with its size and bytes`, (t) => {
    const blobs = make(texts, t.teardown);
    for (const text of texts) {
      const digest = sha256(text);
      t.true(blobs.has(digest));
      t.is(blobs.size(digest), Buffer.byteLength(text));
      t.is(blobs.readSmall(digest).toString(), text);
    }
  });

  test(`${title}: says that it does not have what is missing`, (t) => {
    const blobs = make(texts, t.teardown);
    const missing = sha256("missing");
    t.false(blobs.has(missing));
    for (const ask of [() => blobs.size(missing), () => blobs.readSmall(missing)])
      t.regex(t.throws(ask)?.message ?? "", new RegExp(`Cannot read .*${missing}`));
  });
}
