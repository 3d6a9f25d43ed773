import type { BlobStore } from "../../cache/contract/blobs.js";
import type { Usage } from "../../cache/contract/collector.js";
import { isDigest } from "../../core/digest.js";
import { type Served, streaming } from "../../solver/buildkit/grpc/server.js";
import { CONTENT_LIST } from "../../solver/buildkit/messages/session.js";
import { contentMethods } from "../../solver/buildkit/transfer/content.js";
import { isCache } from "./disk-services.js";
import { parseRecordFilters } from "./record-filter.js";

/** The blobs of a store, for clients that read them. */
export interface ContentPorts {
  readonly blobs: Pick<BlobStore, "has" | "size" | "open">;
  /** Measures every part. */
  usage(): Promise<readonly Usage[]>;
}

/**
 * Returns the methods with which clients read blobs: `docker buildx history inspect` and `export`.
 * The list has the blobs of the cache, as the use of the disk does.
 */
export function contentServices({ blobs, usage }: ContentPorts): readonly Served[] {
  return [
    ...contentMethods(
      new Map([
        [
          "",
          {
            size: (digest) => (blobs.has(digest) ? blobs.size(digest) : undefined),
            open: (digest) => blobs.open(digest),
            has: () => false,
          },
        ],
      ]),
    ),
    streaming(CONTENT_LIST, async ({ messages, send }) => {
      for await (const { filters = [] } of messages) {
        const passes = parseRecordFilters(filters, (id: string, field) => (field === "digest" ? id : undefined));
        const info = (await usage())
          .filter((part) => part.kind === "blob" && isCache(part) && passes(part.id))
          .flatMap(({ id }) => (isDigest(id) && blobs.has(id) ? [{ digest: id, size: blobs.size(id) }] : []));
        if (info.length > 0) await send({ info });
        return;
      }
    }),
  ];
}
