import { sha256 } from "../../core/digest.js";
import type { ContainerConfig, ImageConfig, Manifest } from "../../oci/types.js";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const REPOSITORY = "tsbuild-differential";

interface BaseImagesOptions {
  readonly registry: string;
  readonly base: string;
}

/** Puts images with any config on the layers of one that the registry has. */
export class BaseImages {
  readonly registry: string;
  readonly base: string;
  readonly #known = new Map<string, Promise<string>>();

  /** `base` is a repository and tag of the registry, such as `busybox:1`. */
  constructor({ registry, base }: BaseImagesOptions) {
    this.registry = registry;
    this.base = base;
  }

  /** Returns the reference of an image with this config. Its digest is always the same. */
  withConfig(config: ContainerConfig): Promise<string> {
    const key = JSON.stringify(config);
    const known = this.#known.get(key) ?? this.#push(config);
    this.#known.set(key, known);
    return known;
  }

  async #push(container: ContainerConfig): Promise<string> {
    const [repository = "", tag = "latest"] = this.base.split(":");
    const { manifest, config } = await this.#read(repository, tag);
    const changed: ImageConfig = { ...config, config: container, created: "2024-01-01T00:00:00Z" };
    const bytes = JSON.stringify(changed);
    for (const { digest } of manifest.layers) {
      await this.#expect(`${REPOSITORY}/blobs/uploads/?mount=${digest}&from=${repository}`, { method: "POST" }, 201);
    }
    const upload = await this.#expect(`${REPOSITORY}/blobs/uploads/`, { method: "POST" }, 202);
    const location = new URL(upload.headers.get("location") ?? "", `http://${this.registry}`);
    location.searchParams.set("digest", sha256(bytes));
    await this.#expect(location.href, { method: "PUT", body: bytes }, 201);
    const made: Manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, digest: sha256(bytes), size: Buffer.byteLength(bytes) },
      layers: manifest.layers,
    };
    const name = sha256(bytes).slice(7, 23);
    await this.#expect(
      `${REPOSITORY}/manifests/${name}`,
      { method: "PUT", body: JSON.stringify(made), headers: { "content-type": MANIFEST } },
      201,
    );
    return `${this.registry}/${REPOSITORY}:${name}`;
  }

  async #read(repository: string, tag: string): Promise<{ manifest: Manifest; config: ImageConfig }> {
    const accept = { headers: { accept: `${MANIFEST}, application/vnd.docker.distribution.manifest.v2+json` } };
    const manifest = (await (await this.#expect(`${repository}/manifests/${tag}`, accept, 200)).json()) as Manifest;
    const config = (await (await this.#expect(`${repository}/blobs/${manifest.config.digest}`, {}, 200)).json()) as ImageConfig;
    return { manifest, config };
  }

  async #expect(path: string, init: RequestInit, status: number): Promise<Response> {
    const url = path.startsWith("http") ? path : `http://${this.registry}/v2/${path}`;
    const response = await fetch(url, init);
    if (response.status !== status) throw new Error(`${init.method ?? "GET"} ${url}: ${response.status} ${await response.text()}`);
    return response;
  }
}
