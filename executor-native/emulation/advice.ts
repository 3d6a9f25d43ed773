import type { Tier } from "../tier.js";

/**
 * Returns what makes programs of other processors run in steps of a tier. `qemu` is QEMU's name for
 * the processor.
 */
export function adviceOnProcessors(tier: Tier, qemu = "*"): string {
  const register = "docker run --privileged tonistiigi/binfmt --install all";
  const packages = "Debian, Ubuntu, Fedora: qemu-user-static";
  switch (tier) {
    case "namespaces":
      return `Install QEMU as a static program (${packages}; Alpine: qemu-${qemu}); with Linux 6.7 or newer tsbuild then uses it by itself, with older ones register it as root: ${register}`;
    case "chroot":
      return `Steps with isolation "chroot" run what the machine around the container has registered: as root of that machine, ${register}, or install QEMU's static programs (${packages})`;
    case "supervised":
      return 'Steps with isolation "supervised" run programs of this machine\'s processor only: build where steps have namespaces, or let stages FROM --platform=$BUILDPLATFORM compile for the other platform';
  }
}
