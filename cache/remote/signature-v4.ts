import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Headers beside `host` and those of the signature; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hex sha256 of the body. */
  readonly payload: string;
}

/** Hex sha256 of no bytes. */
export const EMPTY_PAYLOAD = createHash("sha256").digest("hex");

/**
 * Returns the headers that authorize a request to S3: AWS Signature Version 4. The signature covers
 * all headers of the request and the host. The path of the URL must be encoded as {@link encodeKey}
 * does.
 */
export async function signRequest(
  { method, url, headers, payload }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  region: string,
  now: Date,
): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...headers, "x-amz-content-sha256": payload },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "s3",
    region,
    datetime: now.toISOString().replace(/[-:]|\.\d+/g, ""),
    allHeaders: true,
  });
  return Object.fromEntries((await signer.sign()).headers);
}

/**
 * Returns an object's key as a path: every byte but letters, digits, `-._~` and slashes is
 * escaped.
 */
export function encodeKey(key: string): string {
  return key.split("/").map(encode).join("/");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
