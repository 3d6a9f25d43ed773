#!/bin/sh
# Runs a current Docker Engine with BuildKit and buildx for tests that compare with it. It is made of Debian's packages in a root of its own,
# so that an engine of this machine is neither needed nor touched. As root; needs mmdebstrap and about 700 MB.
#   scripts/docker-engine.sh start DIR   prints shell assignments of DOCKER_HOST, DOCKER_CONFIG and PATH for clients of the engine
#   scripts/docker-engine.sh stop DIR    ends it and undoes its mounts; DIR stays, for the next start
# Its steps have the host's network: there is neither a bridge nor a firewall rule.
set -eu
action=$1
directory=$(mkdir -p "$2" && cd "$2" && pwd)
root=$directory/root

unmount() {
  for path in /var/lib/docker /run/engine /dev /sys /proc ""; do umount --recursive --lazy "$root$path" 2>/dev/null || true; done
}

mount_once() {
  mountpoint -q "$root$1" || mount "$2" --make-rslave "$3" "$root$1"
}

make_root() {
  [ ! -e "$directory/complete" ] || return 0
  rm -rf "$root"
  # A mirror in the middle of an update gives other files than its index says: again.
  for attempt in 1 2 3; do
    if mmdebstrap --quiet --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \
      --include=docker.io,docker-buildx,docker-cli,ca-certificates sid "$root" >&2; then
      touch "$directory/complete"
      return 0
    fi
    echo "docker-engine: attempt $attempt to install it failed" >&2
    rm -rf "$root"
  done
  return 1
}

is_up() {
  DOCKER_HOST=unix://$directory/docker.sock "$root/usr/bin/docker" version >/dev/null 2>&1
}

assignments() {
  printf 'DOCKER_HOST=unix://%s/docker.sock DOCKER_CONFIG=%s/client PATH=%s/bin:%s\n' "$directory" "$directory" "$directory" "$PATH"
}

start() {
  make_root
  # Another run of the tests may be using it.
  if is_up; then
    assignments
    return 0
  fi
  mount_once "" --bind "$root" # runc wants its root to be a mount point.
  for path in /proc /sys /dev; do mount_once "$path" --rbind "$path"; done
  mkdir -p "$root/run/engine" "$root/etc/docker" "$root/var/lib/docker" "$directory/data" "$directory/client/cli-plugins" "$directory/bin"
  mount_once /run/engine --bind "$directory"
  mount_once /var/lib/docker --bind "$directory/data"
  printf '{"features":{"containerd-snapshotter":true},"insecure-registries":["127.0.0.0/8"]}\n' >"$root/etc/docker/daemon.json"
  cp "$root/usr/bin/docker" "$directory/bin/"
  cp "$root/usr/libexec/docker/cli-plugins/docker-buildx" "$directory/client/cli-plugins/"
  rm -f "$directory/docker.pid" "$directory/docker.sock"
  setsid chroot "$root" dockerd --iptables=false --ip6tables=false --bridge=none -H unix:///run/engine/docker.sock \
    --pidfile /run/engine/docker.pid >"$directory/log" 2>&1 </dev/null &
  engine=$!
  while ! is_up; do
    kill -0 "$engine" 2>/dev/null || { tail -n 20 "$directory/log" >&2; unmount; return 1; }
    sleep 0.2
  done
  assignments
}

stop() {
  if [ -f "$directory/docker.pid" ]; then
    engine=$(cat "$directory/docker.pid")
    kill "$engine" 2>/dev/null || true
    while kill -0 "$engine" 2>/dev/null; do sleep 0.2; done
  fi
  unmount
}

case $action in
  start) start ;;
  stop) stop ;;
  *) echo "usage: scripts/docker-engine.sh start|stop DIR" >&2; exit 2 ;;
esac
