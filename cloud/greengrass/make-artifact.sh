#!/usr/bin/env bash
# Makes the artifact of the Greengrass component: the program with its packages, the IPC client and a Node of its own for one
# CPU, in a zip file. It changes nothing but the output folder, and speaks to no cloud.
set -euo pipefail
umask 022

checkout=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
for part in setup package/make-tree package/node; do
  # shellcheck source=/dev/null
  source "$checkout/scripts/$part.sh"
done

usage() {
  cat <<'HELP'
Usage: make-artifact.sh [--arch arm64|amd64]... [--output DIR]

Makes shutterd-ARCH.zip in DIR (default: dist/greengrass), for both CPUs unless told otherwise. A Raspberry Pi with a 64-bit
system is arm64; Greengrass' IPC client has nothing for 32 bits. Needs Node 20.19 or newer, npm with its network, openssl and zip.
HELP
}

main() {
  local archs=() output=$checkout/dist/greengrass arch
  while (($# > 0)); do
    case $1 in
      --arch | --output) (($# > 1)) || wrong_usage "$1 needs a value" ;;&
      --arch) archs+=("$2") && shift 2 ;;
      --output) output=$2 && shift 2 ;;
      -h | --help) usage && return ;;
      *) wrong_usage "unknown: $1" ;;
    esac
  done
  ((${#archs[@]} > 0)) || archs=(arm64 amd64)
  for arch in "${archs[@]}"; do
    [[ $arch == arm64 || $arch == amd64 ]] || wrong_usage "--arch is arm64 or amd64, not $arch"
  done
  require_node
  command -v zip >/dev/null || die 'Cannot make an artifact: zip is not installed, run "apt-get install zip"'
  mkdir -p -- "$output"
  output=$(readlink -f -- "$output")
  work=$(mktemp -d /var/tmp/shutterd-artifact.XXXXXX)
  trap 'rm -rf -- "$work"' EXIT
  for arch in "${archs[@]}"; do make_artifact "$arch" "$output/shutterd-$arch.zip"; done
}

wrong_usage() {
  printf 'Cannot read the command line: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

# make_artifact ARCHITECTURE FILE: what is in it lies at its top, for the nucleus unpacks it into a folder of its name.
make_artifact() {
  local tree=$work/shutterd-$1
  make_tree "$checkout" "$tree" "$1"
  add_client "$tree" "$1"
  add_node "$tree" "$(npm_cpu "$1")"
  rm -rf -- "${tree:?}"/{scripts,systemd,bin}
  cp -- "$checkout/cloud/greengrass/component.sh" "$tree/component.sh"
  chmod -R u=rwX,go=rX -- "$tree"
  rm -f -- "$2"
  (cd -- "$tree" && find . -type f | LC_ALL=C sort | zip -q -X -9 "$2" -@) || die 'Cannot make the artifact: zip failed as shown above'
  printf '%s  %s MB\n' "$2" "$(($(stat -c %s -- "$2") / 1000000))"
  rm -rf -- "$tree"
}

# add_client TREE ARCHITECTURE: all packages once more, this time with the client among them, at the versions of the lock file.
add_client() {
  local staging=$work/client cpu
  cpu=$(npm_cpu "$2")
  mkdir -p -- "$staging/tree"
  cp -- "$checkout/package-lock.json" "$checkout/.npmrc" "$staging"
  node -e '
    const { readFileSync, writeFileSync } = require("fs");
    const [from, to, client] = process.argv.slice(1);
    const manifest = JSON.parse(readFileSync(from, "utf8"));
    manifest.dependencies[client] = manifest.devDependencies[client];
    delete manifest.devDependencies[client];
    delete manifest.peerDependencies;
    delete manifest.peerDependenciesMeta;
    writeFileSync(to, JSON.stringify(manifest));
  ' "$checkout/package.json" "$staging/package.json" aws-iot-device-sdk-v2
  add_packages "$staging" "$staging/tree" "$2"
  rm -rf -- "$1/node_modules"
  mv -- "$staging/tree/node_modules" "$1/node_modules"
  # Seven CPUs and systems are in the package, and a build for browsers.
  find "$1/node_modules/aws-crt/dist/bin" -mindepth 1 -maxdepth 1 ! -name "linux-$cpu-glibc" -exec rm -rf -- {} +
  rm -rf -- "$1/node_modules/aws-crt/dist.browser" "$staging"
}

main "$@"
