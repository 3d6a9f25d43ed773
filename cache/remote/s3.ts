import { missingS3Attribute, layerTooLargeForS3, badS3Bucket, badS3Endpoint } from "./errors.js";
import { createHash } from "node:crypto";
import { UsageError } from "../../core/errors.js";
import { type Digest, digestHex } from "../../core/digest.js";
import type { Environment } from "../../net/proxy.js";
import { discard, type HttpAnswer, readAll } from "../../net/body.js";
import type { HttpRequest } from "../../net/transport.js";
import { awsCredentials, type CredentialsSource } from "./aws-credentials.js";
import type { S3Options } from "./attributes/s3.js";
import type { Backend, CacheSource, CacheTarget } from "./backend.js";
import { type CacheHttp, httpUrl, type ServiceOptions, type ServiceRequest, verified } from "./http.js";
import { cacheOrigin } from "./origin.js";
import { MAX_CONFIG_SIZE, readConfig } from "./read-config.js";
import { EMPTY_PAYLOAD, encodeKey, signRequest } from "./signature-v4.js";
import { writeConfig } from "./write-config.js";

interface ObjectRequest extends Omit<ServiceRequest, "url"> {
  readonly key: string;
  /** Hex sha256 of the body. */
  readonly payload?: string;
}

/** Bytes that S3 takes in one request. */
const MAX_OBJECT = 5 * 1024 ** 3;
const DAY = 86_400_000;

export function s3Source(options: S3Options, http: CacheHttp, env: Environment): CacheSource {
  const bucket = new Bucket({ options, http, env });
  const { name } = bucket;
  return {
    name,
    origin: cacheOrigin(bucket.origin),
    async load(transfer) {
      const data = await bucket.small(bucket.manifestKey(bucket.names[0] as string), transfer);
      return data && readConfig(data, `config of the ${name}`, () => undefined);
    },
    blob: (descriptor, transfer) => verified(bucket.download(bucket.blobKey(descriptor.digest), transfer), descriptor, name),
  };
}

export function s3Target(options: S3Options, http: CacheHttp, env: Environment): CacheTarget {
  const bucket = new Bucket({ options, http, env });
  const { touchRefresh = DAY } = options;
  return {
    name: "Amazon S3",
    async put({ descriptor, open }, { onProgress, ...transfer }) {
      const key = bucket.blobKey(descriptor.digest);
      const modified = await bucket.modified(key, transfer);
      if (modified === undefined) {
        if (descriptor.size > MAX_OBJECT) throw layerTooLargeForS3(descriptor);
        await bucket.put(key, { size: descriptor.size, open }, digestHex(descriptor.digest), transfer);
      } else if (Date.now() - modified > touchRefresh && descriptor.size < MAX_OBJECT) await bucket.touch(key, transfer);
      onProgress?.(descriptor.size);
    },
    async finish(content, transfer) {
      const config = writeConfig(content, { annotated: true });
      const payload = createHash("sha256").update(config).digest("hex");
      for (const name of bucket.names) await bucket.put(bucket.manifestKey(name), config, payload, transfer);
    },
  };
}

interface BucketParts {
  readonly options: S3Options;
  readonly http: CacheHttp;
  readonly env: Environment;
}

/** Objects of one bucket. */
class Bucket {
  readonly #options: S3Options;
  readonly #http: CacheHttp;
  readonly names: readonly string[];
  readonly #place: Place;
  readonly #manifests: string;
  readonly #blobs: string;
  readonly #credentials: CredentialsSource;

  constructor({ options, http, env }: BucketParts) {
    this.#options = options;
    this.#http = http;
    this.#place = placeOf(options, env);
    this.#manifests = `${options.prefix ?? ""}${options.manifestsPrefix ?? "manifests/"}`;
    this.#blobs = `${options.prefix ?? ""}${options.blobsPrefix ?? "blobs/"}`;
    this.names = options.names?.length ? options.names : ["buildkit"];
    this.#credentials = awsCredentials(options, env, http);
  }

  get name(): string {
    return `S3 cache "${this.names[0]}" in bucket "${this.#place.bucket}"`;
  }

  get origin(): Parameters<typeof cacheOrigin>[0] {
    const { bucket, region, endpoint } = this.#place;
    return {
      type: "s3",
      bucket,
      region,
      prefix: this.#blobs,
      endpoint,
      pathStyle: this.#options.usePathStyle,
    };
  }

  manifestKey(name: string): string {
    return this.#manifests + name;
  }

  blobKey(digest: Digest): string {
    return this.#blobs + digest;
  }

  /** Reads a small object; resolves to undefined when there is none. */
  async small(key: string, transfer: ServiceOptions): Promise<Buffer | undefined> {
    const what = `read ${key} from bucket "${this.#place.bucket}"`;
    const answer = await this.#send({ what, method: "GET", key, accept: [200, 404] }, transfer);
    if (answer.response.status === 200) return readAll(answer, what, MAX_CONFIG_SIZE);
    await discard(answer);
    return undefined;
  }

  download(key: string, transfer: ServiceOptions): AsyncGenerator<Uint8Array, void> {
    const what = `read ${key} from bucket "${this.#place.bucket}"`;
    return this.#http.download((from) => {
      const headers = from > 0 ? { range: `bytes=${from}-` } : {};
      return this.#request({ what, method: "GET", key, accept: [200, 206], headers }, transfer);
    }, transfer);
  }

  /**
   * Returns the time of an object in milliseconds since the epoch; undefined when it does not
   * exist.
   */
  async modified(key: string, transfer: ServiceOptions): Promise<number | undefined> {
    const answer = await this.#send(
      { what: `look for ${key} in bucket "${this.#place.bucket}"`, method: "HEAD", key, accept: [200, 404] },
      transfer,
    );
    await discard(answer);
    const { response } = answer;
    if (response.status === 404) return undefined;
    const time = Date.parse(response.headers.get("last-modified") ?? "");
    return Number.isNaN(time) ? Date.now() : time;
  }

  async put(key: string, body: NonNullable<HttpRequest["body"]>, payload: string, transfer: ServiceOptions): Promise<void> {
    const what = `write ${key} to bucket "${this.#place.bucket}"`;
    await discard(await this.#send({ what, method: "PUT", key, accept: [200, 201], body, payload }, transfer));
  }

  /** Copies an object onto itself, which renews its date. */
  async touch(key: string, transfer: ServiceOptions): Promise<void> {
    const headers = {
      "x-amz-copy-source": `${this.#place.bucket}/${encodeKey(key)}`,
      "x-amz-metadata-directive": "REPLACE",
      "x-amz-meta-updated-at": new Date().toISOString(),
    };
    const what = `refresh ${key} in bucket "${this.#place.bucket}"`;
    await discard(await this.#send({ what, method: "PUT", key, accept: [200], headers, body: new Uint8Array(0) }, transfer));
  }

  #send(request: ObjectRequest, transfer: ServiceOptions): Promise<HttpAnswer> {
    return this.#http.request(() => this.#request(request, transfer), transfer);
  }

  async #request(
    { key, payload = EMPTY_PAYLOAD, headers = {}, ...request }: ObjectRequest,
    transfer: ServiceOptions,
  ): Promise<ServiceRequest> {
    const url = new URL(this.#place.base);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeKey(key)}`;
    const { authorization, ...signed } = await signRequest(
      { method: request.method, url, headers, payload },
      await this.#credentials(transfer),
      this.#place.region,
      new Date(this.#http.clock.now()),
    );
    return { ...request, url, headers: signed, authorization };
  }
}

/** Place of a bucket: at Amazon's, or at the endpoint of another service. */
interface Place {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  /** Address of the bucket. */
  readonly base: URL;
}

/** Throws `options/invalid` when options and environment do not say which bucket. */
function placeOf(options: S3Options, env: Environment): Place {
  const bucket = required(options.bucket ?? env["AWS_BUCKET"], "bucket", "AWS_BUCKET");
  const region = required(options.region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"], "region", "AWS_REGION");
  const endpoint = options.endpointUrl ?? (env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || undefined);
  const usePathStyle = endpoint !== undefined && options.usePathStyle === true;
  return { bucket, region, endpoint, base: at(endpoint ?? `https://s3.${region}.amazonaws.com`, bucket, usePathStyle) };
}

/**
 * Returns the address of a bucket at an endpoint. Amazon wants the bucket in the host's name; most
 * other servers know it only as the first part of the path.
 */
function at(endpoint: string, bucket: string, usePathStyle: boolean): URL {
  const address = httpUrl(endpoint);
  if (address === undefined) throw badS3Endpoint(endpoint);
  if (usePathStyle) address.pathname = `${address.pathname.replace(/\/$/, "")}/${encodeKey(bucket)}`;
  else {
    address.hostname = `${bucket}.${address.hostname}`;
    // A name that a host cannot have leaves the address as it was.
    if (!address.hostname.startsWith(`${bucket.toLowerCase()}.`)) throw badS3Bucket(bucket);
  }
  return address;
}

function required(value: string | undefined, attribute: string, variable: string): string {
  if (value) return value;
  throw missingS3Attribute(attribute, variable);
}

export const backend: Backend<S3Options, S3Options> = {
  source: (options, { http, env }) => s3Source(options, http, env),
  check: (options, env) => void UsageError.of(() => placeOf(options, env)),
  target: (options, { http, env }) => s3Target(options, http, env),
  origin: ({ bucket, region, prefix, endpoint, pathStyle }) => ({
    bucket: String(bucket),
    region: String(region),
    blobsPrefix: String(prefix),
    ...(endpoint === undefined ? {} : { endpointUrl: String(endpoint) }),
    ...(pathStyle === undefined ? {} : { usePathStyle: pathStyle === true }),
  }),
};
