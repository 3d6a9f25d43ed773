/** Rights that a bake or Compose file may ask for. A right to files names a path. */
export const FILE_RIGHTS: readonly string[] = ["network.host", "security.insecure", "device", "ssh", "fs", "fs.read", "fs.write"];
