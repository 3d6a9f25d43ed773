import { createServer } from "node:net";
import { PORTS } from "./matrix.js";

/** Answers everybody with one word, in the network namespace that this process has. */
createServer((socket) => void socket.on("error", () => undefined).end("internet")).listen(PORTS.internet, "::", () => {
  process.stdout.write("ready\n");
});
