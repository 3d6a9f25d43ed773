import { missingS3Attribute, layerTooLargeForS3, badS3Endpoint } from "./errors.js";
import { createHash } from "node:crypto";
import { type Digest, digestHex } from "../../core/digest.js";
import type { Environment } from "../../net/proxy.js";
import { discard, type HttpAnswer, readAll } from "../../net/body.js";
import type { HttpRequest } from "../../net/transport.js";
import { awsCredentials, type CredentialsSource } from "./aws-credentials.js";
import type { S3Options } from "./attributes/s3.js";
import type { Backend, CacheSource, CacheTarget } from "./backend.js";
import { type CacheHttp, type ServiceOptions, type ServiceRequest, verified } from "./http.js";
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
  readonly #bucket: string;
  readonly #region: string;
  readonly #manifests: string;
  readonly #blobs: string;
  readonly #endpoint: string | undefined;
  readonly #base: URL;
  readonly #credentials: CredentialsSource;

  constructor({ options, http, env }: BucketParts) {
    this.#options = options;
    this.#http = http;
    this.#bucket = required(options.bucket ?? env["AWS_BUCKET"], "bucket", "AWS_BUCKET");
    this.#region = required(options.region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"], "region", "AWS_REGION");
    this.#manifests = `${options.prefix ?? ""}${options.manifestsPrefix ?? "manifests/"}`;
    this.#blobs = `${options.prefix ?? ""}${options.blobsPrefix ?? "blobs/"}`;
    this.names = options.names?.length ? options.names : ["buildkit"];
    this.#endpoint = options.endpointUrl ?? (env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || undefined);
    this.#base = this.#address();
    this.#credentials = awsCredentials(options, env, http);
  }

  get name(): string {
    return `S3 cache "${this.names[0]}" in bucket "${this.#bucket}"`;
  }

  get origin(): Parameters<typeof cacheOrigin>[0] {
    return {
      type: "s3",
      bucket: this.#bucket,
      region: this.#region,
      prefix: this.#blobs,
      endpoint: this.#endpoint,
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
    const what = `read ${key} from bucket "${this.#bucket}"`;
    const answer = await this.#send({ what, method: "GET", key, accept: [200, 404] }, transfer);
    if (answer.response.status === 200) return readAll(answer, what, MAX_CONFIG_SIZE);
    await discard(answer);
    return undefined;
  }

  download(key: string, transfer: ServiceOptions): AsyncGenerator<Uint8Array, void> {
    const what = `read ${key} from bucket "${this.#bucket}"`;
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
      { what: `look for ${key} in bucket "${this.#bucket}"`, method: "HEAD", key, accept: [200, 404] },
      transfer,
    );
    await discard(answer);
    const { response } = answer;
    if (response.status === 404) return undefined;
    const time = Date.parse(response.headers.get("last-modified") ?? "");
    return Number.isNaN(time) ? Date.now() : time;
  }

  async put(key: string, body: NonNullable<HttpRequest["body"]>, payload: string, transfer: ServiceOptions): Promise<void> {
    const what = `write ${key} to bucket "${this.#bucket}"`;
    await discard(await this.#send({ what, method: "PUT", key, accept: [200, 201], body, payload }, transfer));
  }

  /** Copies an object onto itself, which renews its date. */
  async touch(key: string, transfer: ServiceOptions): Promise<void> {
    const headers = {
      "x-amz-copy-source": `${this.#bucket}/${encodeKey(key)}`,
      "x-amz-metadata-directive": "REPLACE",
      "x-amz-meta-updated-at": new Date().toISOString(),
    };
    const what = `refresh ${key} in bucket "${this.#bucket}"`;
    await discard(await this.#send({ what, method: "PUT", key, accept: [200], headers, body: new Uint8Array(0) }, transfer));
  }

  #send(request: ObjectRequest, transfer: ServiceOptions): Promise<HttpAnswer> {
    return this.#http.request(() => this.#request(request, transfer), transfer);
  }

  async #request(
    { key, payload = EMPTY_PAYLOAD, headers = {}, ...request }: ObjectRequest,
    transfer: ServiceOptions,
  ): Promise<ServiceRequest> {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeKey(key)}`;
    const { authorization, ...signed } = await signRequest(
      { method: request.method, url, headers, payload },
      await this.#credentials(transfer),
      this.#region,
      new Date(this.#http.clock.now()),
    );
    return { ...request, url, headers: signed, authorization };
  }

  /**
   * Returns the address of the bucket. Amazon wants the bucket in the host's name; most other
   * servers know it only as the first part of the path.
   */
  #address(): URL {
    if (this.#endpoint === undefined) return new URL(`https://${this.#bucket}.s3.${this.#region}.amazonaws.com`);
    let endpoint: URL;
    try {
      endpoint = new URL(this.#endpoint);
    } catch (cause) {
      throw badS3Endpoint(this.#endpoint, cause);
    }
    if (this.#options.usePathStyle) endpoint.pathname = `${endpoint.pathname.replace(/\/$/, "")}/${encodeKey(this.#bucket)}`;
    else endpoint.hostname = `${this.#bucket}.${endpoint.hostname}`;
    return endpoint;
  }
}

function required(value: string | undefined, attribute: string, variable: string): string {
  if (value) return value;
  throw missingS3Attribute(attribute, variable);
}

export const backend: Backend<S3Options, S3Options> = {
  source: (options, { http, env }) => s3Source(options, http, env),
  target: (options, { http, env }) => s3Target(options, http, env),
  origin: ({ bucket, region, prefix, endpoint, pathStyle }) => ({
    bucket: String(bucket),
    region: String(region),
    blobsPrefix: String(prefix),
    ...(endpoint === undefined ? {} : { endpointUrl: String(endpoint) }),
    ...(pathStyle === undefined ? {} : { usePathStyle: pathStyle === true }),
  }),
};
