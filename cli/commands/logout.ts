import { type Command, print } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { parseFlags } from "../syntax/flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "logout",
        summary: "Forget credentials for a registry",
        operands: "[SERVER]",
        count: [0, 1],
        flags: [],
        after: "SERVER is a host[:port] (default: Docker Hub).",
      },
      args,
    );
    const [registry] = flags.operands;
    const { env, signal } = environment;
    const { server, removed } = await environment.api.logout({ env, signal, ...(registry === undefined ? {} : { registry }) });
    await print(environment.stdout, removed ? `Removing login credentials for ${server}\n` : `Not logged in to ${server}\n`);
    return EXIT.success;
  },
};
