# shellcheck shell=bash disable=SC2034
# Where everything lies on the machine; it touches nothing. `--root` puts another system's root in front of all of it.

use_root() {
  ROOT=''
  if [[ -n $1 ]]; then
    ROOT=$(readlink -e -- "$1") || die "Cannot install into $1: there is no such folder"
    [[ $ROOT != / ]] || ROOT=''
  fi
  OPT=$ROOT/opt/shutterd
  ETC=$ROOT/etc/shutterd
  STATE=$ROOT/var/lib/shutterd
  COMMAND=$ROOT/usr/local/bin/shutterd
  UNITS=$ROOT/usr/lib/systemd/system
  OWN_UNITS=$ROOT/etc/systemd/system
  USERS=$ROOT/usr/lib/sysusers.d
  FOLDERS=$ROOT/usr/lib/tmpfiles.d
  RULES=$ROOT/usr/lib/udev/rules.d
}

use_root ''

# tree_of current|previous|trial: the name of the version that this link names, nothing where there is none.
tree_of() {
  local name
  name=$(readlink -- "$OPT/$1" 2>/dev/null) || return 0
  [[ ! -d $OPT/$name ]] || printf '%s\n' "$name"
}

is_prepared() { [[ -f $1/tree.sha256 ]]; }
