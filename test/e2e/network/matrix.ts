/** Networks of steps; `default` and `private` run on different stacks. */
export const NETWORKS = ["default", "private", "none", "host"] as const;
type NetworkName = (typeof NETWORKS)[number];

/** Ports of the services that the machine of the test has. */
export const PORTS = { loopback: 8000, everywhere: 8002, internet: 80 } as const;
export const ABSTRACT = "tsbuild-test-abstract";
/** Names in /etc/hosts. */
export const GATEWAY = "machine";

/**
 * Outcomes with the same meaning. pasta of 2023 says nothing where nobody listens, and the kernel
 * nothing of a neighbour that it may not ask for: the test counts what arrived.
 */
export const SAME: Readonly<Record<string, readonly string[]>> = {
  nothing: ["ECONNREFUSED", "ETIMEDOUT"],
  unreachable: ["ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT"],
};

/** An attempt of `probe.c`, and what comes of it in each network. */
export type MatrixRow = readonly [probe: string, how: string, outcomes: Readonly<Record<NetworkName, string>>];

const everywhere = (outcome: string): MatrixRow[2] => ({ default: outcome, private: outcome, none: outcome, host: outcome });
/** Outcome in a network of the steps' own, in none, and in the host's. */
const own = (isolated: string, none: string, host: string): MatrixRow[2] => ({ default: isolated, private: isolated, none, host });

const REFUSED = "ECONNREFUSED";
const UNREACHABLE = "unreachable";

export const MATRIX: readonly MatrixRow[] = [
  ["own 127.0.0.1", "own loopback", everywhere("done")],
  ["own ::1", "own loopback by IPv6", everywhere("done")],
  [`tcp 127.0.0.1 ${PORTS.loopback}`, "the host's loopback", own(REFUSED, REFUSED, "host")],
  [`tcp ::1 ${PORTS.loopback}`, "the host's loopback by IPv6", own(REFUSED, REFUSED, "host")],
  [`tcp ::ffff:127.0.0.1 ${PORTS.loopback}`, "the host's loopback by a mapped address", own(REFUSED, REFUSED, "host")],
  [`tcp 127.0.0.1 ${PORTS.loopback} tap0`, "the host's loopback, on the link to the stack", own(UNREACHABLE, "ENODEV", "ENODEV")],
  [`tcp ::1 ${PORTS.loopback} tap0`, "the same by IPv6", own(UNREACHABLE, "ENODEV", "ENODEV")],
  [`tcp ::ffff:127.0.0.1 ${PORTS.loopback} tap0`, "the same by a mapped address", own(UNREACHABLE, "ENODEV", "ENODEV")],
  [`abstract ${ABSTRACT}`, "abstract socket of the host", own(REFUSED, REFUSED, "host")],
  [`host ${GATEWAY} ${PORTS.everywhere}`, "host-gateway, a service on every address of the host", own("host", REFUSED, "host")],
  [`host ${GATEWAY} ${PORTS.loopback}`, "host-gateway, a service on its loopback", own("nothing", REFUSED, "host")],
  ["tcp 169.254.169.254 80", "metadata address", own(UNREACHABLE, UNREACHABLE, "internet")],
  ["tcp 169.254.169.254 80 tap0", "metadata address, on the link to the stack", own(UNREACHABLE, "ENODEV", "ENODEV")],
  ["tcp fd00:ec2::254 80", "metadata address by IPv6", own(UNREACHABLE, UNREACHABLE, "internet")],
  ["tcp fd00:ec2::254 80 tap0", "the same, on the link to the stack", own(UNREACHABLE, "ENODEV", "ENODEV")],
  ["tcp 100.100.100.200 80", "metadata address of Alibaba", own(UNREACHABLE, UNREACHABLE, "internet")],
  ["tcp 198.51.100.7 80", "the internet", own("internet", UNREACHABLE, "internet")],
  ["tcp 2001:db8:7::7 80", "the internet by IPv6", own("internet", UNREACHABLE, "internet")],
  [`send 127.0.0.1 ${PORTS.loopback} tap0`, "a datagram to the host's loopback, on the link to the stack", own("sent", "ENODEV", "ENODEV")],
  ["dns udp", "the host's resolver, on its loopback", own("answered", REFUSED, "answered")],
  ["dns tcp", "the same by TCP", own("answered", REFUSED, "answered")],
];
