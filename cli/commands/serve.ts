import { printable } from "../../core/text/printable.js";
import type { ServeOptions } from "../../api/server/options.js";
import { type Command, print, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { badCount } from "../syntax/errors.js";
import { type ParsedFlags, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { parseAllow } from "../../api/texts/allow.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { tlsIncomplete } from "./errors.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "serve",
        summary: "Let docker's clients build here, by BuildKit's API",
        operands: "",
        count: [0, 0],
        flags: [
          { name: "addr", value: "<address>", repeat: true, text: "unix://PATH or tcp://HOST:PORT (default: a socket of this user)" },
          { name: "tlscert", value: "<file>", text: "Certificate of this server" },
          { name: "tlskey", value: "<file>", text: "Key of the certificate" },
          { name: "tlscacert", value: "<file>", text: "Certificates of the authorities whose clients may build" },
          { name: "open-to-anyone", text: "Serve TCP without TLS: whoever reaches the port builds as this user" },
          {
            name: "allow",
            value: "<entitlement>",
            repeat: true,
            text: "Right that clients may ask for: network.host, security.insecure or device",
          },
          { name: "isolation", value: "<tier>", text: "Isolation of RUN steps: auto, namespaces, chroot or supervised" },
          { name: "jobs", value: "<n>", text: "Number of RUN steps of one build at once (default: 64)" },
          { name: "max-builds", value: "<n>", text: "Number of builds at once; others wait (default: no limit)" },
          ROOT_FLAG,
        ],
        after: `Clients find it with docker buildx create --driver remote ADDRESS, or with BUILDKIT_HOST=ADDRESS. Ends with ctrl-c.`,
      },
      args,
    );
    const server = await environment.api.serve({
      ...optionsOf(flags, environment.cwd),
      ...storeRoot(environment, flags.one("root")),
      signal: environment.signal,
    });
    await print(environment.stdout, server.addresses.map((address) => `${printable(address)}\n`).join(""));
    await server.ended;
    return environment.signal.aborted ? EXIT.canceled : EXIT.success;
  },
};

/** Reads a number from 1 on; undefined without one. */
function countOf(flags: ParsedFlags, name: string): number | undefined {
  const text = flags.one(name);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw badCount(text, name);
}

function optionsOf(flags: ParsedFlags, cwd: string): ServeOptions {
  const file = (name: string): string | undefined => {
    const value = flags.one(name);
    return value && hostPath({ cwd }, value);
  };
  const [cert, key, ca] = [file("tlscert"), file("tlskey"), file("tlscacert")];
  if ([cert, key, ca].some(Boolean) && !(cert && key && ca)) throw tlsIncomplete();
  const addresses = flags.all("addr");
  const isolation = flags.one("isolation");
  const allow = parseAllow(flags.all("allow"), { cwd });
  const jobs = countOf(flags, "jobs");
  const maxBuilds = countOf(flags, "max-builds");
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(cert && key && ca && { tls: { cert, key, ca } }),
    ...(flags.has("open-to-anyone") && { openToAnyone: true }),
    ...(isolation && { isolation }),
    ...(allow.length > 0 && { allow }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(maxBuilds === undefined ? {} : { maxBuilds }),
  };
}
