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
      return `Put QEMU's static program for it into the container (${packages}; Alpine: qemu-${qemu}), which tsbuild then uses by itself, or let stages FROM --platform=$BUILDPLATFORM compile for the other platform`;
  }
}
