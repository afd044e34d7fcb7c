# shellcheck shell=bash
# Takes the service off the machine; configuration and outbox go only where that was asked for.

# uninstall PURGE
uninstall() {
  step 'service: stop and switch off' stop_service
  step "files: $OPT, $COMMAND, units" remove_files
  step 'user of the service' remove_user
  if [[ $1 == yes ]]; then
    step "configuration and outbox: $ETC, $STATE" remove_data
  else
    printf 'What stays: configuration (%s) and outbox (%s); uninstall --purge removes them as well.\n' "$ETC" "$STATE"
  fi
}

stop_service() {
  [[ -z $ROOT && -d /run/systemd/system ]] || return 0
  systemctl disable --now --quiet shutterd.service shutterd-config.timer 2>/dev/null || true
  systemctl stop shutterd.service shutterd-config.service 2>/dev/null || true
  systemctl reset-failed shutterd.service shutterd-config.service 2>/dev/null || true
}

remove_files() {
  ! is_our_command || rm -f -- "$COMMAND" || printf 'note: %s cannot be removed\n' "$COMMAND"
  rm -f -- "$UNITS"/shutterd.service "$UNITS"/shutterd-*.service "$UNITS"/shutterd-*.timer
  rm -f -- "$OWN_UNITS"/multi-user.target.wants/shutterd.service "$OWN_UNITS"/timers.target.wants/shutterd-config.timer
  rm -f -- "$USERS/shutterd.conf" "$FOLDERS/shutterd.conf" "$RULES/60-shutterd.rules"
  # dpkg itself removes what it unpacked there.
  find "$OPT" -mindepth 1 -maxdepth 1 ! -name package -exec rm -rf -- {} + 2>/dev/null || true
  rmdir -- "$OPT" 2>/dev/null || true
  [[ -n $ROOT || ! -d /run/systemd/system ]] || systemctl daemon-reload
}

# The outbox must not fall to the next user who happens to get this number; systemd hands it back at the next installation.
remove_user() {
  [[ -z $ROOT ]] || return 0
  [[ ! -d $STATE ]] || chown -R root:root -- "$STATE"
  ! getent passwd shutterd >/dev/null || userdel shutterd
  ! getent group shutterd >/dev/null || groupdel shutterd
}

remove_data() {
  local waiting
  waiting=$(find "$STATE"/ -path '*/outbox/*' -type f ! -name '.*' 2>/dev/null | wc -l)
  ((waiting == 0)) || printf '%d files of the outbox go with it\n' "$waiting"
  rm -rf -- "$ETC" "$STATE" "$ROOT/var/lib/private/shutterd"
  rm -rf -- "$OWN_UNITS/shutterd.service.d" "$OWN_UNITS/shutterd-config.service.d"
  [[ -n $ROOT || ! -d /run/systemd/system ]] || systemctl daemon-reload
}
