#!/bin/sh
# Installs the Debian/Ubuntu packages that are missing, as root or through sudo; asks for neither when nothing is missing.
#   scripts/install-packages.sh         what building tsbuild and RUN steps need
#   scripts/install-packages.sh tests   also the programs the tests compare with and the cross compiler to arm64; those that cannot be had are named, and their tests are skipped
#   scripts/install-packages.sh ci      also an object store of many services, which nobody wants to find running on a machine of their own
set -eu
export DEBIAN_FRONTEND=noninteractive

needed="gcc libc6-dev make git ca-certificates uidmap busybox-static"
# For a network of their own for steps: pasta, or where a release lacks it, slirp4netns.
network="passt slirp4netns"
compared="skopeo umoci podman buildah crun docker-registry mmdebstrap openssh-client bzip2 xz-utils zstd gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"
served="swift-proxy swift-account swift-container swift-object"

missing() {
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else echo "Cannot install packages: this is not root and there is no sudo. Let somebody install: $(missing $needed)" >&2; return 1
  fi
}

must=$(missing $needed)
case ${1:-} in
  tests) also=$(missing $network $compared) ;;
  ci) also=$(missing $network $compared $served) ;;
  *) also=$(missing $network) ;;
esac
[ -n "$must$also" ] || exit 0
[ -z "$must" ] || { as_root apt-get update -q && as_root apt-get install -q -y --no-install-recommends $must; }
[ -z "$also" ] && exit 0
[ -n "$must" ] || as_root apt-get update -q || true
# One at a time: a release that lacks one of them still gets the others.
for name in $also; do
  as_root apt-get install -q -y --no-install-recommends "$name" || echo "note: $name could not be installed; what needs it is skipped" >&2
done
