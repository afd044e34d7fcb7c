# shellcheck shell=bash disable=SC2154
# What the machine has to be before anything is put on it; it changes nothing.

# libc of the oldest Debian that the programs inside the packages run on: sharp's, and Node's for 64 bits.
GLIBC_MIN_64=2.28
GLIBC_MIN_32=2.36
SPACE_KIB_MIN=$((450 * 1024))

require_root() {
  ((EUID == 0)) || [[ $dry_run == yes || -n $ROOT ]] || die "Cannot change the system: this is not root; run: sudo $0 ..."
}

# Debian's package and this script put the same files to the same places; one of them has to be in charge.
no_debian_package() {
  local state
  [[ -z $ROOT ]] || return 0
  state=$(dpkg-query -W -f '${db:Status-Status}' shutterd 2>/dev/null) || return 0
  [[ $state == not-installed || $state == config-files ]] ||
    die "Cannot do this here: shutterd is installed as a Debian package ($state); use: $1"
}

one_at_a_time() {
  [[ $dry_run == no ]] || return 0
  mkdir -p -- "$ROOT/run/lock"
  exec 9>"$ROOT/run/lock/shutterd-install.lock"
  flock --nonblock 9 || die 'Cannot install shutterd: another installation is under way, wait for it to end'
}

require_machine() {
  local arch glibc least=$GLIBC_MIN_64 free
  arch=$(debian_architecture)
  [[ -z $ROOT ]] || return 0
  case $arch in
    arm64 | amd64) ;;
    armhf)
      least=$GLIBC_MIN_32
      ! is_prepared "$home" || die "Cannot install this archive: it is for $(<"$home/architecture"), this system is armhf (32-bit); \
nobody publishes Node 20.19 or newer for it in npm's form, so there is no archive: install Node yourself, then run scripts/install.sh from a checkout, \
or put the 64-bit Raspberry Pi OS on the card"
      ;;
    *) die "Cannot install shutterd: this system is $arch; it runs on arm64 and amd64, and on armhf from a checkout" ;;
  esac
  ! is_prepared "$home" || [[ $(<"$home/architecture") == "$arch" ]] ||
    die "Cannot install this archive: it is for $(<"$home/architecture"), this system is $arch; take the archive for $arch"
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || die 'Cannot install shutterd: this system has no glibc; it needs Debian or Raspberry Pi OS'
  at_least "${glibc#glibc }" "$least" || die "Cannot install shutterd: this system has $glibc, it needs $least or newer (Raspberry Pi OS bookworm has 2.36)"
  [[ -d /run/systemd/system ]] ||
    die 'Cannot install the service: systemd does not run here; use --root DIR for a system that is not booted, or start the daemon yourself: shutterd run'
  free=$(df --output=avail -k /opt | tail -n 1)
  ((free >= SPACE_KIB_MIN)) || die "Cannot install shutterd: /opt has $((free / 1024)) MB free, it needs $((SPACE_KIB_MIN / 1024))"
}

# The architecture of the programs, which may be 32-bit under a 64-bit kernel.
debian_architecture() {
  dpkg --print-architecture 2>/dev/null && return
  case $(uname -m) in
    x86_64) printf 'amd64\n' ;;
    aarch64) [[ $(getconf LONG_BIT) == 64 ]] && printf 'arm64\n' || printf 'armhf\n' ;;
    armv7l | armv8l) printf 'armhf\n' ;;
    *) uname -m ;;
  esac
}

# at_least VERSION LEAST
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }
