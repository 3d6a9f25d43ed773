import test from "ava";
import { UsageError } from "../../../core/errors.js";
import { exposedPorts, parsePort } from "../../../api/texts/ports.js";

const shown = (text: string): string =>
  parsePort(text)
    .map(
      ({ protocol, port, host: [first, last], addresses }) =>
        `${addresses.join(" ")} ${first === last ? first : `${first}-${last}`} ${port}/${protocol}`,
    )
    .join("; ");

/** Texts as docker takes them, and what each means. */
const PORTS: Readonly<Record<string, string>> = {
  "80": "127.0.0.1 ::1 0 80/tcp",
  "8080:80": "127.0.0.1 ::1 8080 80/tcp",
  "8080:80/tcp": "127.0.0.1 ::1 8080 80/tcp",
  "53:53/udp": "127.0.0.1 ::1 53 53/udp",
  "0.0.0.0:8080:80": "0.0.0.0 8080 80/tcp",
  "192.0.2.1::80": "192.0.2.1 0 80/tcp",
  "[::1]:8080:80": "::1 8080 80/tcp",
  "[::]::80": ":: 0 80/tcp",
  ":80": "127.0.0.1 ::1 0 80/tcp",
  "8000-8010:80": "127.0.0.1 ::1 8000-8010 80/tcp",
  "8000-8001:80-81": "127.0.0.1 ::1 8000 80/tcp; 127.0.0.1 ::1 8001 81/tcp",
  "80-81/udp": "127.0.0.1 ::1 0 80/udp; 127.0.0.1 ::1 0 81/udp",
};

for (const [text, meaning] of Object.entries(PORTS)) test(`port: ${text}`, (t) => t.is(shown(text), meaning));

const REFUSED = [
  "",
  "http",
  "0",
  "80:",
  "70000:80",
  "8080:80/sctp",
  "somewhere:8080:80",
  "1:2:3:4",
  "90-80",
  "1-2:1-3",
  "[::1:80:80",
  "80/",
];

for (const text of REFUSED)
  test(`refused port: "${text}"`, (t) => {
    const { message } = t.throws(() => parsePort(text), { instanceOf: UsageError, code: "cli/bad-value" });
    t.true(message.includes(`"${text}"`), message);
  });

test("exposed ports are published at free ones; what is no port is passed over", (t) => {
  const ports = exposedPorts({ "80/tcp": {}, "53/udp": {}, "90-91": {}, "9/sctp": {} });
  t.deepEqual(
    ports.map(({ port, protocol, host }) => [port, protocol, host[0]]),
    [
      [80, "tcp", 0],
      [53, "udp", 0],
      [90, "tcp", 0],
      [91, "tcp", 0],
    ],
  );
});
