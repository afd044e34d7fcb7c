# shellcheck shell=bash
# Set-up that scripts/test and scripts/demo share: Node, system programs, packages, build.
# It is sourced from the repository's root; it never starts or stops a service.

# mosquitto lives in /usr/sbin, which is not on the PATH of an ordinary user on Debian.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

require_node() {
  local remedy='install Node 20.19 or newer with npm, such as the 22.x packages of https://github.com/nodesource/distributions'
  command -v node >/dev/null || die "Cannot run shutterd: there is no node here; $remedy"
  command -v npm >/dev/null || die "Cannot install packages: there is no npm here; $remedy"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Cannot run shutterd: node is $(node --version), it needs 20.19 or newer; $remedy"
}

# require_programs WHY PROGRAM=PACKAGE...: installs the Debian packages of the programs that are missing.
require_programs() { require_packages programs_missing "$@"; }

# require_python_modules WHY MODULE=PACKAGE...: the same for modules of /usr/bin/python3.
require_python_modules() { require_packages python_modules_missing "$@"; }

# require_packages MISSING WHY PAIR...: MISSING prints the packages of those of the pairs that are not here.
require_packages() {
  local missing=$1 why=$2 packages=() as_root=()
  shift 2
  mapfile -t packages < <("$missing" "$@")
  ((${#packages[@]} > 0)) || return 0
  local by_hand="run as root: apt-get install ${packages[*]}"
  command -v apt-get >/dev/null ||
    die "Cannot install ${packages[*]}: $why, but there is no apt-get here; install it with this system's package manager"
  printf 'missing: %s (%s); installing with apt-get\n' "${packages[*]}" "$why"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "Cannot install ${packages[*]}: this is not root and there is no sudo; $by_hand"
    sudo -- true || die "Cannot install ${packages[*]}: sudo refused; $by_hand" # asks for the password while the line is quiet
    as_root=(sudo)
  fi
  if [[ " ${packages[*]} " == *' mosquitto '* && -d /run/systemd/system ]]; then
    printf 'note: the mosquitto package may start a broker on 127.0.0.1:1883; the tests use brokers of their own\n'
  fi
  # RUNLEVEL=1 asks the packages' scripts not to start what they install.
  as_root+=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=120)
  with_progress 'reading the package lists' "${as_root[@]}" update ||
    printf 'note: the package lists are not fresh, going on with those that are here\n'
  with_progress "installing ${packages[*]}" "${as_root[@]}" install -y --no-install-recommends "${packages[@]}" ||
    die "Cannot install ${packages[*]}: apt-get failed as shown above; $by_hand"
  mapfile -t packages < <("$missing" "$@")
  ((${#packages[@]} == 0)) ||
    die "Cannot use ${packages[*]}: installed, but still not found; look for them on PATH ($PATH)"
}

programs_missing() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || printf '%s\n' "${pair#*=}"
  done
}

python_modules_missing() {
  local pair
  for pair in "$@"; do
    /usr/bin/python3 -c "import ${pair%%=*}" 2>/dev/null || printf '%s\n' "${pair#*=}"
  done
}

# Packages are current while the lock file and Node are those of the last complete installation.
install_packages() {
  local stamp=node_modules/.shutterd-stamp wanted
  wanted="$(sha256sum <package-lock.json) $(node -p 'process.version + " " + process.platform + "-" + process.arch')"
  [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]] || return 0
  # Our own check of Node stands above; the lint tools refuse some odd releases that run shutterd well.
  with_progress 'installing packages (79 MB, about a minute)' \
    npm ci --include=dev --engine-strict=false --no-audit --no-fund ||
    die 'Cannot install packages: npm failed as shown above; it needs the network, a free disk and this folder writable'
  printf '%s\n' "$wanted" >"$stamp"
}

build() {
  forget_stale_output
  with_progress 'building' npm run --silent build
}

# tsc leaves the output of deleted sources behind, and does not write again what was deleted by hand.
forget_stale_output() {
  local output source
  [[ -d dist ]] || return 0
  [[ -e dist/src/main.js ]] || rm -f dist/.tsbuildinfo
  while IFS= read -r -d '' output; do
    source=${output#dist/}
    [[ -e ${source%.js}.ts ]] || rm -f -- "$output" "$output.map"
  done < <(find dist -name '*.js' -print0)
}

# with_progress LABEL COMMAND...: dots while it runs, seconds at the end, its output only when it failed.
with_progress() {
  local label=$1 log ticker status=0 started=$SECONDS
  shift
  log=$(mktemp)
  printf '%s ' "$label"
  (while sleep 2 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do printf '.'; done) &
  ticker=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$ticker"
  wait "$ticker" 2>/dev/null || true
  if ((status == 0)); then
    printf ' %d s\n' "$((SECONDS - started))"
  else
    printf ' failed after %d s\n' "$((SECONDS - started))"
    cat -- "$log"
  fi
  rm -f -- "$log"
  return "$status"
}
