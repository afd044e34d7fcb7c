# shellcheck shell=bash
# What a version brings outside its folder: units, user, folders, device rules, the command. It starts no service.

# install_system_files TREE
install_system_files() {
  local files=$1/systemd file
  rm -f -- "$UNITS"/shutterd.service "$UNITS"/shutterd-*.service "$UNITS"/shutterd-*.timer
  for file in "$files"/*.service "$files"/*.timer; do copy_file "$file" "$UNITS"; done
  copy_or_remove "$files/shutterd.sysusers" "$USERS/shutterd.conf"
  copy_or_remove "$files/shutterd.tmpfiles" "$FOLDERS/shutterd.conf"
  copy_or_remove "$files/shutterd.rules" "$RULES/60-shutterd.rules"
  make_users_and_folders
  [[ -n $ROOT || ! -d /run/systemd/system ]] || reload_managers
  [[ ! -e $OWN_UNITS/shutterd.service ]] || printf 'note: %s wins over the unit of this version (%s); remove it unless it is meant to\n' \
    "$OWN_UNITS/shutterd.service" "$UNITS/shutterd.service"
}

# copy_file FILE FOLDER [NAME]
copy_file() {
  local target=$2/${3:-$(basename -- "$1")}
  install -D -m 644 -- "$1" "$target.new"
  mv -f -- "$target.new" "$target"
}

copy_or_remove() {
  if [[ -f $1 ]]; then copy_file "$1" "$(dirname -- "$2")" "$(basename -- "$2")"; else rm -f -- "$2"; fi
}

make_users_and_folders() {
  local tool
  for tool in systemd-sysusers systemd-tmpfiles; do
    command -v "$tool" >/dev/null || printf 'note: there is no %s here; the service needs what it makes\n' "$tool"
  done
  if [[ -f $USERS/shutterd.conf ]] && command -v systemd-sysusers >/dev/null; then
    systemd-sysusers ${ROOT:+"--root=$ROOT"} shutterd.conf
  fi
  if [[ -f $FOLDERS/shutterd.conf ]] && command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles ${ROOT:+"--root=$ROOT"} --create shutterd.conf
  fi
}

reload_managers() {
  systemctl daemon-reload
  if [[ -f $RULES/60-shutterd.rules ]] && command -v udevadm >/dev/null; then
    udevadm control --reload
    udevadm trigger --subsystem-match=video4linux --action=change
  fi
}

# /usr/local may be read-only, and somebody else's program may have the name; the service needs neither.
link_command() {
  local target=/opt/shutterd/current/bin/shutterd
  [[ $(readlink -- "$COMMAND" 2>/dev/null) != "$target" ]] || return 0
  if [[ -e $COMMAND || -L $COMMAND ]] && ! is_our_command; then
    printf 'note: %s is not of this program and stays; ours is %s\n' "$COMMAND" "$target"
  elif ! { install -d -m 755 -- "$(dirname -- "$COMMAND")" && ln -sfn -- "$target" "$COMMAND"; } 2>/dev/null; then
    printf 'note: %s cannot be written; the command is %s\n' "$(dirname -- "$COMMAND")" "$target"
  fi
}

is_our_command() { [[ -L $COMMAND && $(readlink -- "$COMMAND") == /opt/shutterd/* ]]; }
