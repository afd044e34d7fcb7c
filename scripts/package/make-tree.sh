# shellcheck shell=bash
# Makes the folder that gets installed: the program compiled, production packages for one CPU, pruned, with a list of checksums.
# It writes into the folder that it is given only. Needs scripts/setup.sh.

# make_tree CHECKOUT TREE ARCHITECTURE: everything but Node.
make_tree() {
  local checkout=$1 tree=$2 name
  mkdir -p -- "$tree/scripts" "$tree/bin"
  compile "$checkout" "$tree"
  add_packages "$checkout" "$tree" "$3"
  for name in config docs systemd; do cp -r -- "$checkout/$name" "$tree/$name"; done
  for name in README.md CHANGELOG.md LICENSE package.json; do cp -- "$checkout/$name" "$tree/$name"; done
  cp -r -- "$checkout/scripts/install" "$checkout/scripts/install.sh" "$checkout/scripts/setup.sh" "$tree/scripts"
  cp -- "$checkout/scripts/launcher.sh" "$tree/bin/shutterd"
  printf '%s\n' "$3" >"$tree/architecture"
}

# make_tree_for_here CHECKOUT TREE: with the Node of this machine, which has to be where a service sees it.
make_tree_for_here() {
  local node
  make_tree "$1" "$2" "$(dpkg --print-architecture)"
  node=$(readlink -f -- "$(command -v node)")
  if [[ $node != /usr/* ]]; then
    install -D -m 755 -- "$node" "$2/node/bin/node"
  fi
  seal_tree "$2"
}

# seal_tree TREE: the same input gives the same bytes, and whoever installs it can tell that nothing is missing.
seal_tree() {
  local epoch=${SOURCE_DATE_EPOCH:-0}
  chmod -R u=rwX,go=rX -- "$1"
  (
    cd -- "$1" || exit
    find . -type f ! -name tree.sha256 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >../tree.sha256
    mv -- ../tree.sha256 tree.sha256
    find . -print0 | xargs -0 touch --no-dereference --date="@$epoch"
  )
}

# compile CHECKOUT TREE: with the compiler of the checkout where it has one, else with a fresh one.
compile() {
  local checkout=$1 compiler=$1/node_modules bench=''
  if [[ ! -f $compiler/typescript/bin/tsc || ! -d $compiler/@types/node ]]; then
    bench=$(mktemp -d "$(dirname -- "$2")/compiler.XXXXXX")
    cp -- "$checkout"/{package.json,package-lock.json,.npmrc,tsconfig.json} "$bench"
    cp -r -- "$checkout/src" "$bench/src"
    install -D -- "$checkout/scripts/package/tsconfig.json" "$bench/scripts/package/tsconfig.json"
    npm_ci "$bench" 'fetching the compiler (about a minute)' --include=dev
    checkout=$bench
    compiler=$bench/node_modules
  fi
  # Only src: tests and benches have no place on a device, nor have maps of sources that are not there.
  with_progress 'compiling' node "$compiler/typescript/bin/tsc" --project "$checkout/scripts/package" --outDir "$2/dist" ||
    die "Cannot build shutterd: tsc failed as shown above; restore the sources (git status shows what changed)"
  rm -rf -- ${bench:+"$bench"}
  chmod 755 -- "$2/dist/src/main.js"
}

# add_packages CHECKOUT TREE ARCHITECTURE
add_packages() {
  cp -- "$1"/{package.json,package-lock.json,.npmrc} "$2"
  npm_ci "$2" "production packages for $3" --omit=dev --os=linux --libc=glibc --cpu="$(npm_cpu "$3")"
  rm -f -- "$2/package-lock.json" "$2/.npmrc"
  prune_packages "$2/node_modules"
}

npm_ci() {
  local folder=$1 label=$2
  shift 2
  with_progress "$label" env -C "$folder" npm ci --engine-strict=false --no-audit --no-fund "$@" ||
    die 'Cannot fetch packages: npm failed as shown above; it needs the network, or an archive that was prepared with scripts/package.sh'
}

npm_cpu() {
  case $1 in
    amd64) printf 'x64\n' ;;
    armhf) printf 'arm\n' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# What nothing loads: types, maps, sources of what is compiled, tests and pages. Every licence and notice stays.
prune_packages() {
  local modules=$1
  rm -rf -- "$modules/@types" "$modules/.bin" "$modules/.package-lock.json"
  find "$modules" -type d \( -name test -o -name tests -o -name __tests__ -o -name docs -o -name benchmarks -o -name examples -o -name .github \) \
    -prune -exec rm -rf -- {} +
  find "$modules" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.tsbuildinfo' \
    -o -name '*.cc' -o -name '*.h' -o -name '*.yml' -o -name '*.zip' -o -name '*.obj' \) -delete
  find "$modules" -type f -iname '*.md' ! -iname '*licen[cs]e*' ! -iname '*copying*' ! -iname '*notice*' ! -path '*/@img/sharp-libvips-*' -delete
  find "$modules" -type d -empty -delete
}
