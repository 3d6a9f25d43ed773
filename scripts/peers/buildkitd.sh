#!/bin/sh
# What BuildKit's tests start as `buildkitd`: its flags and its file of settings, as those of `tsbuild serve`.
#   buildkitd.sh TSBUILD [FLAG...]
# Flags about workers, snapshotters and traces say nothing here. The mirror of the settings is behind HTTPS_PROXY.
set -eu
tsbuild=$1
shift
root='' address='' config=''
while [ $# -gt 0 ]; do
  case $1 in
  --root | --addr | --config) name=${1#--} value=$2 && shift ;;
  --root=* | --addr=* | --config=*) name=${1%%=*} name=${name#--} value=${1#*=} ;;
  *) name='' ;;
  esac
  case $name in
  root) root=$value ;;
  addr) address=$value ;;
  config) config=$value ;;
  esac
  shift
done
set -- serve --addr "$address" --root "$root/store"
# insecure-entitlements = ["network.host", "security.insecure"]
for right in $([ -z "$config" ] || sed -n 's/^ *insecure-entitlements *= *\[\(.*\)\].*/\1/p' "$config" | tr -d '" ' | tr ',' ' '); do
  set -- "$@" --allow "$right"
done
exec "$tsbuild" "$@"
