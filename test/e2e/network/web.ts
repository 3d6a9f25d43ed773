/** Requests of one step through its proxy, and its attempts to do without. */
interface WebRow {
  readonly name: string;
  /** Command of the step, whose output is compared. */
  readonly command: string;
  readonly printed: string;
  /** Lines about it in the log, without dashes. */
  readonly logged: readonly string[];
}

/** Address of the web's only host. */
export const WEB = "192.0.2.1";
export const FILE = "a file of the web\n";

const BYTES = FILE.length;
/** Exit codes of curl: cannot connect, no name, a refused CONNECT. */
const NO_CONNECTION = "7\n";
const NO_NAME = "6\n";
const NO_TUNNEL = "56\n";

const code = (command: string): string => `${command} >/dev/null 2>&1; echo $?`;

export const ROWS: readonly WebRow[] = [
  {
    name: "a file over TLS, certified by an authority that the step alone trusts",
    command: "curl -s https://web.example/file",
    printed: FILE,
    logged: [`GET https://web.example/file -> 200, ${BYTES} bytes`],
  },
  {
    name: "without TLS, with a secret in the address",
    command: "curl -s http://user:password@web.example/file?token=abc",
    printed: FILE,
    logged: [`GET http://web.example/file?token=xxxxx -> 200, ${BYTES} bytes`],
  },
  {
    name: "a redirect is the client's business",
    command: "curl -sL https://web.example/redirect",
    printed: FILE,
    logged: ["GET https://web.example/redirect -> 302, 0 bytes", `GET https://web.example/file -> 200, ${BYTES} bytes`],
  },
  {
    name: "an upload",
    command: "curl -s -d abc https://web.example/file",
    printed: FILE,
    logged: [`POST https://web.example/file -> 200, ${BYTES} bytes`],
  },
  {
    name: "a server whose certificate nobody trusts",
    command: code("curl -sf https://web.example:8443/file"),
    printed: "22\n",
    logged: ["GET https://web.example:8443/file -> 502, 0 bytes"],
  },
  {
    name: "around the proxy: a connection, another port, a name, a datagram, IPv6",
    command: [
      code(`curl -s --noproxy '*' http://${WEB}/file`),
      code(`curl -s --noproxy '*' --resolve web.example:443:${WEB} https://web.example/file`),
      code("curl -s --noproxy '*' http://web.example/file"),
      code("curl -s --noproxy '*' 'http://[2001:db8::1]/file'"),
      code(`echo x | nc -u -w 1 ${WEB} 53`),
    ].join("; "),
    printed: `${NO_CONNECTION}${NO_CONNECTION}${NO_NAME}${NO_CONNECTION}1\n`,
    logged: [],
  },
  {
    name: "this machine through the proxy: its loopback, its name, metadata of clouds, another protocol",
    command: [
      code("curl -sf --noproxy '' http://127.0.0.1/file"),
      code("curl -sf --noproxy '' http://localhost/file"),
      code("curl -sf --noproxy '' http://loop.example/file"),
      code("curl -sf http://169.254.169.254/latest"),
      code("curl -s https://100.100.100.200/latest"),
      code("curl -s https://web.example:22/"),
    ].join("; "),
    printed: `22\n22\n22\n22\n${NO_TUNNEL}${NO_TUNNEL}`,
    logged: [
      "GET http://127.0.0.1/file -> 403, refused: 127.0.0.1 is an address that steps do not reach",
      "GET http://localhost/file -> 403, refused: localhost is an address that steps do not reach",
      "GET http://loop.example/file -> 403, refused: loop.example is an address that steps do not reach",
      "GET http://169.254.169.254/latest -> 403, refused: 169.254.169.254 is an address that steps do not reach",
      "CONNECT https://100.100.100.200/ -> 403, refused: 100.100.100.200 is an address that steps do not reach",
      "CONNECT https://web.example:22/ -> 403, refused: port 22 is of another protocol",
    ],
  },
  {
    name: "a secret of the step in an address",
    command: "curl -s https://web.example/file?x=$HUSH",
    printed: FILE,
    logged: [`GET https://web.example/file?x=**** -> 200, ${BYTES} bytes`],
  },
  {
    name: "variables of the image and of the command line lead nowhere else",
    command: "env | grep -i _proxy= | sort",
    printed: [
      ...["HTTPS_PROXY", "HTTP_PROXY"].map((name) => `${name}=http://127.0.0.1:29128\n`),
      "NO_PROXY=127.0.0.1,localhost,::1\n",
      ...["http_proxy", "https_proxy"].map((name) => `${name}=http://127.0.0.1:29128\n`),
      "no_proxy=127.0.0.1,localhost,::1\n",
    ].join(""),
    logged: [],
  },
];
