# shellcheck shell=bash
# The versions in /opt/shutterd: a tree is complete before it has its name, and a link makes it the current one. It starts nothing.
#
#   current   the version that runs      previous  the one before it
#   trial     the version that has not been ready yet: while this link is there, falling back is still possible

# place_tree SOURCE: copies it to its final name, which `placed` then holds.
place_tree() {
  local source=$1 incoming
  verify_tree "$source" || die "Cannot install from $source: files are missing or changed since it was packed; unpack the archive again"
  install -d -m 755 -- "$OPT"
  [[ ! -e $OPT/.git && ! -e $OPT/package.json ]] ||
    die "Cannot install into $OPT: a checkout lies there; move it away first: mv $OPT $OPT-checkout"
  rm -rf -- "$OPT"/.incoming.* "$OPT"/.replaced.*
  placed=$(name_for "$source")
  if [[ -d $OPT/$placed ]] && verify_tree "$OPT/$placed"; then
    printf '%s is there already\n' "$OPT/$placed"
    return
  fi
  incoming=$(mktemp -d "$OPT/.incoming.XXXXXX")
  # What a Debian package unpacked inside this folder takes no room twice.
  if [[ $source == "$OPT"/* ]]; then
    cp -al -- "$source/." "$incoming"
  else
    cp -r --preserve=mode,timestamps,links -- "$source/." "$incoming"
    # An archive that was unpacked under a strict umask cannot be read by the service.
    chmod -R u=rwX,go=rX -- "$incoming"
  fi
  chmod 755 -- "$incoming"
  [[ -n $ROOT ]] || starts "$incoming" || die "Cannot run this version here: $incoming/bin/shutterd --version failed as shown above"
  # A power cut after the rename must not leave a name with empty files behind it.
  sync -f "$incoming"
  [[ ! -e $OPT/$placed ]] || mv -T -- "$OPT/$placed" "$OPT/.replaced.$placed"
  mv -T -- "$incoming" "$OPT/$placed"
  printf '%s\n' "$OPT/$placed"
}

verify_tree() { (cd -- "$1" && sha256sum --check --quiet --strict tree.sha256 >/dev/null 2>&1); }

starts() { "$1/bin/shutterd" --version >/dev/null; }

# Two builds of one version keep apart, so that a running tree is never written to.
name_for() {
  local version hash
  version=$(sed -n 's/^  "version": "\([^"]*\)",$/\1/p' "$1/package.json")
  [[ $version =~ ^[0-9][0-9A-Za-z.+-]*$ ]] || die "Cannot install from $1: package.json there names no version"
  hash=$(sha256sum <"$1/tree.sha256")
  if [[ ! -d $OPT/$version ]] || cmp -s "$1/tree.sha256" "$OPT/$version/tree.sha256"; then
    printf '%s\n' "$version"
  else
    printf '%s+%s\n' "$version" "${hash:0:8}"
  fi
}

switch_to_placed() {
  local now
  now=$(tree_of current)
  [[ $now != "$placed" ]] || return 0
  [[ -z $now ]] || point previous "$now"
  point trial "$placed"
  point current "$placed"
}

# point LINK NAME: in one step, so that the link is never missing.
point() {
  ln -sfn -- "$2" "$OPT/.new.$1"
  mv -fT -- "$OPT/.new.$1" "$OPT/$1"
}

# The version is good: what is neither it nor the one before goes.
accept_version() {
  local current previous tree
  rm -f -- "$OPT/trial"
  current=$(tree_of current)
  previous=$(tree_of previous)
  for tree in "$OPT"/[0-9]*/; do
    tree=$(basename -- "$tree")
    [[ $tree == "$current" || $tree == "$previous" ]] || rm -rf -- "${OPT:?}/$tree"
  done
  rm -rf -- "$OPT"/.replaced.*
  [[ -n $previous ]] || rm -f -- "$OPT/previous"
}
