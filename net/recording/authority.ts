import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { bits, integer, objectName, octets, plain, sequence, set, tagged, text, time, yes } from "./der.js";

const DAY = 24 * 3600 * 1000;
/** Days before and after now in which certificates are valid: clocks of steps may differ. */
const VALID = { before: 1, after: 30 };

const NAME = "tsbuild: the proxy of one build";
/** Hosts whose certificates are kept. */
const MOST_HOSTS = 256;

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  names: "2.5.29.17",
  constraints: "2.5.29.19",
  authorityKey: "2.5.29.35",
  extendedUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** Usage of a key, as bits of its extension. */
const SIGNS_CERTIFICATES = { byte: 0x04, unused: 2 };
const SIGNS_DIGESTS = { byte: 0x80, unused: 7 };

/**
 * An authority of certificates that lives as long as this object: its key is in this process's
 * memory alone.
 */
export class EphemeralAuthority {
  /** Its certificate in PEM, for those who shall trust it. */
  readonly certificate: string;
  readonly #signer: KeyObject;
  readonly #id: Buffer;
  /** Key of all servers: one process has all of them. */
  readonly #server = keyPair();
  readonly #contexts = new Map<string, SecureContext>();

  constructor() {
    const { publicKey, privateKey } = keyPair();
    this.#signer = privateKey;
    this.#id = idOf(publicKey);
    this.certificate = this.#issue(publicKey, NAME, [
      extension(OID.constraints, sequence(yes(), integer(Buffer.from([0]))), true),
      usage(SIGNS_CERTIFICATES),
      extension(OID.subjectKey, octets(this.#id)),
    ]);
  }

  /** Returns the certificate of a host, an address or a name, and its key. */
  contextOf(host: string): SecureContext {
    const known = this.#contexts.get(host);
    const made = known ?? this.#makeContext(host);
    // The last one that was used is the last of the map.
    this.#contexts.delete(host);
    this.#contexts.set(host, made);
    const [oldest] = this.#contexts.keys();
    if (this.#contexts.size > MOST_HOSTS && oldest !== undefined) this.#contexts.delete(oldest);
    return made;
  }

  #makeContext(host: string): SecureContext {
    const { publicKey, privateKey } = this.#server;
    const name = isIP(host) === 0 ? plain(2, Buffer.from(host, "latin1")) : plain(7, addressBytes(host));
    const cert = this.#issue(publicKey, `${NAME}, for a host`, [
      usage(SIGNS_DIGESTS),
      extension(OID.extendedUsage, sequence(objectName(OID.serverAuth))),
      extension(OID.names, sequence(name)),
      extension(OID.subjectKey, octets(idOf(publicKey))),
      extension(OID.authorityKey, sequence(plain(0, this.#id))),
    ]);
    return createSecureContext({ cert, key: privateKey.export({ type: "pkcs8", format: "pem" }) });
  }

  #issue(key: KeyObject, subject: string, extensions: readonly Buffer[]): string {
    const algorithm = sequence(objectName(OID.ecdsaWithSha256));
    const at = (days: number): Buffer => time(new Date(Date.now() + days * DAY));
    const body = sequence(
      tagged(0, integer(Buffer.from([2]))), // version 3
      integer(randomBytes(16)),
      algorithm,
      distinguishedName(NAME),
      sequence(at(-VALID.before), at(VALID.after)),
      distinguishedName(subject),
      key.export({ type: "spki", format: "der" }),
      tagged(3, sequence(...extensions)),
    );
    const signed = sequence(body, algorithm, bits(sign("sha256", body, this.#signer)));
    const lines = signed.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return { publicKey, privateKey: createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })) };
}

function idOf(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function distinguishedName(name: string): Buffer {
  return sequence(set(sequence(objectName(OID.commonName), text(name))));
}

function extension(name: string, content: Buffer, critical = false): Buffer {
  return sequence(objectName(name), ...(critical ? [yes()] : []), octets(content));
}

function usage({ byte, unused }: { readonly byte: number; readonly unused: number }): Buffer {
  return extension(OID.keyUsage, bits(Buffer.from([byte]), unused), true);
}

/** Returns the bytes of an address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // A URL has the address in its shortest form, without a dotted end.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = short.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const after = groups(tail ?? "");
  const before = groups(head);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => "0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}
