import test from "ava";
import { cacheTypes } from "../../../api/options/cache-types.js";
import { parseCacheFrom, parseCacheTo } from "../../../api/texts/cache.js";
import type { CliEnvironment } from "../../../cli/environment.js";

/** Only the working directory is asked for. */
const environment = { cwd: "/work" } as CliEnvironment;
const from = (...values: readonly string[]) => parseCacheFrom(values, environment);
const to = (...values: readonly string[]) => parseCacheTo(values, environment);

const FROM: readonly (readonly [string, readonly object[]])[] = [
  ["", []],
  ["app:cache", [{ type: "registry", ref: "app:cache" }]],
  [
    "app:cache,other",
    [
      { type: "registry", ref: "app:cache" },
      { type: "registry", ref: "other" },
    ],
  ],
  ["type=registry,ref=app:cache,registry.insecure=true", [{ type: "registry", ref: "app:cache", insecure: true }]],
  ["TYPE=local,SRC=dir,Tag=topic", [{ type: "local", src: "/work/dir", tag: "topic" }]],
  ['type=local,"src=a,b",mounts=all', [{ type: "local", src: "/work/a,b", mounts: "all" }]],
  ["type=local,src=/d,mounts=go;npm", [{ type: "local", src: "/d", mounts: ["go", "npm"] }]],
  [
    "type=gha,scope=x,url_v2=https://r/,version=2,timeout=1h30m",
    [{ type: "gha", scope: "x", urlV2: "https://r/", version: 2, timeout: 5_400_000 }],
  ],
  ["type=gha,repository=a/b,ghtoken=t", [{ type: "gha" }]],
  [
    "type=s3,bucket=b,region=r,prefix=p/,name=one;two,endpoint_url=http://s,use_path_style=1,access_key_id=a,secret_access_key=s,touch_refresh=500ms,retry_mode=adaptive",
    [
      {
        type: "s3",
        bucket: "b",
        region: "r",
        prefix: "p/",
        names: ["one", "two"],
        endpointUrl: "http://s",
        usePathStyle: true,
        accessKeyId: "a",
        secretAccessKey: "s",
        touchRefresh: 500,
      },
    ],
  ],
];

const TO: readonly (readonly [string, readonly object[]])[] = [
  ["app:cache", [{ type: "registry", ref: "app:cache" }]],
  ["type=inline", [{ type: "inline" }]],
  ["type=inline,mode=min", [{ type: "inline" }]],
  [
    "type=registry,ref=r,mode=max,compression=zstd,compression-level=9,force-compression=true,ignore-error=true,image-manifest=false,oci-mediatypes=true",
    [
      {
        type: "registry",
        ref: "r",
        mode: "max",
        compression: "zstd",
        compressionLevel: 9,
        forceCompression: true,
        ignoreError: true,
        imageManifest: false,
        ociMediaTypes: true,
      },
    ],
  ],
  ["type=local,dest=d,tag=t,reset=true", [{ type: "local", dest: "/work/d", tag: "t", reset: true }]],
];

for (const [value, expected] of FROM) test(`--cache-from ${value}`, (t) => t.deepEqual(from(value), expected as ReturnType<typeof from>));
for (const [value, expected] of TO) test(`--cache-to ${value}`, (t) => t.deepEqual(to(value), expected as ReturnType<typeof to>));

const TYPES = cacheTypes("from").join(", ");

const REFUSED: readonly (readonly [typeof from | typeof to, string, string, string?])[] = [
  [from, "type=registry", 'Cannot read --cache-from "type=registry": type=registry needs ref=…'],
  [from, "ref=x", 'Cannot read --cache-from "ref=x": it has no type', `type is one of ${TYPES}`],
  [from, "type=locla,src=x", `Cannot read --cache-from "type=locla,src=x": type "locla" is none of ${TYPES}`, "did you mean type=local?"],
  [
    from,
    "type=inline",
    `Cannot read --cache-from "type=inline": type "inline" is none of ${TYPES}`,
    "an inline cache is read with type=registry",
  ],
  [
    from,
    "type=local,scr=x",
    'Cannot read --cache-from "type=local,scr=x": "scr" is no attribute of type local: it takes src, tag, digest, mounts',
    "did you mean src?",
  ],
  [from, "type=local,x", 'Cannot read --cache-from "type=local,x": expected key=value instead of "x"'],
  [
    from,
    "type=gha,timeout=soon",
    'Cannot read --cache-from "type=gha,timeout=soon": timeout: "soon" is no duration',
    "For example 10m or 1h30m",
  ],
  [
    from,
    "type=s3,secret_access_key=hidden,x=y",
    'Cannot read --cache-from "type=s3,secret_access_key=…,x=y": "x" is no attribute of type s3: it takes bucket, region, prefix, manifests_prefix, blobs_prefix, name, endpoint_url, use_path_style, access_key_id, secret_access_key, session_token, touch_refresh, mounts',
  ],
  [to, "type=local,dest=d,mode=most", 'Cannot read --cache-to "type=local,dest=d,mode=most": mode: "most" is none of min, max'],
  [
    to,
    "type=local,dest=d,ignore-error=maybe",
    'Cannot read --cache-to "type=local,dest=d,ignore-error=maybe": ignore-error: "maybe" is neither true nor false',
  ],
  [
    to,
    "type=inline,mode=max",
    'Cannot read --cache-to "type=inline,mode=max": mode: an inline cache holds the layers of the image only',
    "Use type=registry for mode=max",
  ],
];

for (const [parse, value, message, hint] of REFUSED) {
  test(`refused: ${value}`, (t) => {
    const error = t.throws(() => parse(value));
    t.like(error, { code: "cli/cache", message, hint });
  });
}

test("refused: estargz by name", (t) => {
  t.like(
    t.throws(() => to("type=local,dest=d,compression=estargz")),
    { code: "cli/not-supported" },
  );
});
