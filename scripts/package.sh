#!/usr/bin/env bash
# Makes what is installed without a compiler and, but for Debian packages, without a network: an archive and a Debian package,
# each with its own Node, for this CPU or another one. It changes nothing but the output folder.
set -euo pipefail
umask 022

checkout=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
for part in setup package/make-tree package/node package/deb; do
  # shellcheck source=/dev/null
  source "$checkout/scripts/$part.sh"
done

usage() {
  cat <<'HELP'
Usage: package.sh [--arch arm64|amd64]... [--output DIR] [--only tar|deb] [--level 1..9]

Makes shutterd-VERSION-ARCH.tar.gz and shutterd_VERSION_ARCH.deb in DIR (default: dist/packages), for this machine's
CPU unless told otherwise. Needs Node 20.19 or newer, npm with its network, openssl, and dpkg-deb for the Debian package.
--level is how hard it packs: 6 by default, 1 is several times faster and somewhat larger. The same sources give the same
bytes; SOURCE_DATE_EPOCH is the time in them (default: the last commit's).

On the device:  tar -xzf shutterd-VERSION-ARCH.tar.gz && sudo shutterd-VERSION-ARCH/scripts/install.sh
            or  sudo apt-get install ./shutterd_VERSION_ARCH.deb
HELP
}

main() {
  local archs=() output=$checkout/dist/packages only='' arch
  level=6
  while (($# > 0)); do
    case $1 in
      --arch | --output | --only | --level) (($# > 1)) || wrong_usage "$1 needs a value" ;;&
      --arch) archs+=("$2") && shift 2 ;;
      --output) output=$2 && shift 2 ;;
      --only) only=$2 && shift 2 ;;
      --level) level=$2 && shift 2 ;;
      -h | --help) usage && return ;;
      *) wrong_usage "unknown: $1" ;;
    esac
  done
  [[ $only == '' || $only == tar || $only == deb ]] || wrong_usage "--only is tar or deb, not $only"
  [[ $level == [1-9] ]] || wrong_usage "--level is 1 to 9, not $level"
  ((${#archs[@]} > 0)) || archs=("$(dpkg --print-architecture)")
  for arch in "${archs[@]}"; do
    [[ $arch == arm64 || $arch == amd64 ]] || wrong_usage "there is no Node 20.19 or newer for $arch in npm; arm64 and amd64 are possible"
  done
  require_node
  mkdir -p -- "$output"
  output=$(readlink -f -- "$output")
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$checkout" log -1 --format=%ct 2>/dev/null || stat -c %Y "$checkout/package.json")}
  export SOURCE_DATE_EPOCH
  work=$(mktemp -d /var/tmp/shutterd-package.XXXXXX)
  trap 'rm -rf -- "$work"' EXIT
  for arch in "${archs[@]}"; do package "$arch" "$output" "$only"; done
}

wrong_usage() {
  printf 'Cannot read the command line: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

# package ARCHITECTURE OUTPUT ONLY
package() {
  local arch=$1 version tree
  version=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).version' "$checkout/package.json")
  tree=$work/shutterd-$version-$arch
  make_tree "$checkout" "$tree" "$arch"
  printf '%s\n' "installed size without Node: $(($(du -sk --apparent-size -- "$tree" | cut -f 1) / 1024)) MB"
  add_node "$tree" "$(npm_cpu "$arch")"
  seal_tree "$tree"
  [[ $3 == deb ]] || make_archive "$tree" "$2/shutterd-$version-$arch.tar.gz"
  [[ $3 == tar ]] || make_deb "$tree" "$2/shutterd_${version}_$arch.deb" "$version" "$arch"
}

make_archive() {
  # shellcheck disable=SC2016
  with_progress "$(basename -- "$2")" bash -c 'set -o pipefail
    tar -C "$(dirname -- "$1")" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$(basename -- "$1")" | gzip -n "-$3" >"$2.new"
    mv -f -- "$2.new" "$2"' - "$1" "$2" "$level" || die 'Cannot make the archive: tar or gzip failed as shown above'
}

main "$@"
