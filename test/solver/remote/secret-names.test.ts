import test from "ava";
import { secretHosts, takesGeneralSecret } from "../../../solver/remote/secret-names.js";

for (const [address, hosts, general] of [
  ["https://h.io/x", ["h.io:443", "h.io"], true],
  ["https://h.io:443/x", ["h.io:443", "h.io"], true],
  ["https://h.io:8443/x", ["h.io:8443"], true],
  ["http://h.io/x", ["h.io:80"], false],
  ["http://h.io:443/x", ["h.io:443"], false],
  ["http://[::1]:5000/x", ["[::1]:5000"], true],
  ["http://127.0.0.1/x", ["127.0.0.1:80"], true],
] as const) {
  test(`secrets for ${address}: ${hosts.join(" and ")}${general ? ", and those for all hosts" : ""}`, (t) => {
    t.deepEqual(secretHosts(new URL(address)), hosts);
    t.is(takesGeneralSecret(new URL(address)), general);
  });
}
