import test from "ava";
import { hasSwift, startSwift } from "../../support/servers/swift.js";
import { CacheHttp } from "../../../cache/remote/http.js";
import { s3Source, s3Target } from "../../../cache/remote/s3.js";
import { EMPTY_PAYLOAD, signRequest } from "../../../cache/remote/signature-v4.js";
import { A, conforms } from "../../conformance/cache-backend.js";
import { CREDENTIALS, startS3 } from "./fake-services.js";
import { notInstalled, requires, withoutName } from "../../support/requires.js";
import { signal, clock, started } from "./rig.js";

test("signatures: the examples of the S3 documentation", async (t) => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const sign = async (method: string, path: string, headers: Record<string, string>, payload: string) => {
    const url = new URL(path, "https://examplebucket.s3.amazonaws.com");
    const signed = await signRequest({ method, url, headers, payload }, credentials, "us-east-1", new Date("2013-05-24T00:00:00Z"));
    return signed["authorization"]?.replace(/^.*Signature=/, "");
  };
  t.is(
    await sign("GET", "/test.txt", { range: "bytes=0-9" }, EMPTY_PAYLOAD),
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
  t.is(
    await sign(
      "PUT",
      "/test%24file.text",
      { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    ),
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  );
  t.is(await sign("GET", "/?lifecycle", {}, EMPTY_PAYLOAD), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  t.is(await sign("GET", "/?max-keys=2&prefix=J", {}, EMPTY_PAYLOAD), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
});

test("S3: conforms with the bucket in the path; a broken answer is asked for again", async (t) => {
  const { service, http } = await started(t, startS3("eu-test-1"));
  const options = {
    bucket: "my bucket",
    region: "eu-test-1",
    prefix: "pre/",
    endpointUrl: service.url,
    usePathStyle: true,
    ...CREDENTIALS,
  };
  service.failures.push({ match: /^PUT/, status: 503, times: 2 });
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  t.true(service.objects.has(`/my bucket/pre/blobs/${A.blob.digest}`));
  t.true(service.objects.has("/my bucket/pre/manifests/buildkit"));
  // The objects are from 1970: they are dated again when they are met again.
  t.is(service.log.filter((line) => line === `PUT /my%20bucket/pre/blobs/${A.blob.digest.replace(":", "%3A")}`).length >= 2, true);
});

test("S3: the bucket as part of the host, several names", async (t) => {
  const starting = await startS3("r");
  const { service, http } = await started(t, Promise.resolve(starting), { HTTP_PROXY: starting.url });
  const options = { bucket: "b", region: "r", names: ["one", "two"], endpointUrl: "http://s3.test", ...CREDENTIALS };
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  t.true(service.objects.has("/manifests/one") && service.objects.has("/manifests/two"));
});

const withSwift = requires(hasSwift ? undefined : notInstalled("swift"), withoutName());

withSwift("S3: conforms with a server that was not written here, which checks signatures", async (t) => {
  const swift = await startSwift();
  const http = new CacheHttp({ env: {}, clock });
  t.teardown(async () => {
    http[Symbol.dispose]();
    await swift.stop();
  });
  const { url, bucket, region, accessKeyId, secretAccessKey } = swift;
  const options = { bucket, region, accessKeyId, secretAccessKey, prefix: "a b/", endpointUrl: url, usePathStyle: true };
  await conforms(t, () => ({ target: s3Target(options, http, {}), source: s3Source(options, http, {}) }));
  // Dated again by a copy onto itself, and whole afterwards.
  await conforms(t, () => ({
    target: s3Target({ ...options, prefix: "c/", touchRefresh: -1 }, http, {}),
    source: s3Source({ ...options, prefix: "c/" }, http, {}),
  }));
  await t.throwsAsync(s3Source({ ...options, secretAccessKey: "wrong" }, http, {}).load({ signal }), {
    code: "cache/denied",
    message: /answered 403 \(SignatureDoesNotMatch/,
  });
  await t.throwsAsync(s3Source({ ...options, accessKeyId: "test:stranger" }, http, {}).load({ signal }), { code: "cache/denied" });
});

test("S3: wrong credentials, damaged objects and missing settings are reported", async (t) => {
  const { service, http } = await started(t, startS3("r"));
  const options = { bucket: "b", region: "r", endpointUrl: service.url, usePathStyle: true };
  const stranger = { ...options, accessKeyId: "AKIATEST", secretAccessKey: "wrong" };
  const denied = await t.throwsAsync(s3Source(stranger, http, {}).load({ signal }));
  t.like(denied, {
    code: "cache/denied",
    message: `Cannot read manifests/buildkit from bucket "b": ${new URL(service.url).host} answered 403 (SignatureDoesNotMatch)`,
  });
  const source = s3Source({ ...options, ...CREDENTIALS }, http, {});
  service.objects.set(`/b/blobs/${A.blob.digest}`, Buffer.from("layer x"));
  await t.throwsAsync(
    async () => {
      for await (const chunk of source.blob(A.blob, { signal })) t.truthy(chunk);
    },
    { message: /its bytes have another digest/ },
  );
  t.like(
    t.throws(() => s3Source({ region: "r" }, http, {})),
    { code: "options/invalid", hint: "Give bucket=… or set AWS_BUCKET" },
  );
});
