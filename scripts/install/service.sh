# shellcheck shell=bash
# Starts the service and waits until it is ready, else starts the version before it; it decides nothing about files of a version.

READY_SECONDS_MAX=60
# A version that is ready and then falls over is not ready.
SETTLE_SECONDS=3

# start_or_fall_back PREVIOUS: ends the program with 1 when this version is not ready.
start_or_fall_back() {
  local previous
  systemctl enable --quiet shutterd.service
  if start_and_wait; then return; fi
  why_not_ready
  previous=$(fallback_for "$1")
  [[ -n $previous ]] ||
    die "Cannot start shutterd: it was not ready within $READY_SECONDS_MAX s; mend what is shown above and run this again, or look on: journalctl -eu shutterd"
  fall_back "$previous"
}

# fallback_for PREVIOUS: only a version that has never been ready gives way to another one.
fallback_for() {
  local current before
  current=$(tree_of current)
  [[ $(tree_of trial) == "$current" ]] || return 0
  before=$(tree_of previous)
  [[ -n $before && $before != "$current" ]] || before=$1
  [[ $before == "$current" ]] || printf '%s\n' "$before"
}

fall_back() {
  local broken
  broken=$(tree_of current)
  printf '==> %s is not ready: back to %s\n' "$broken" "$1"
  point current "$1"
  rm -f -- "$OPT/trial" "$OPT/previous"
  install_system_files "$OPT/current"
  if start_and_wait; then
    accept_version
    die "Cannot upgrade shutterd: $broken was not ready within $READY_SECONDS_MAX s (see above); $1 runs again with the same configuration and outbox"
  fi
  why_not_ready
  die "Cannot upgrade shutterd: $broken was not ready within $READY_SECONDS_MAX s, and now $1 is not either; look on: journalctl -eu shutterd"
}

start_and_wait() {
  local before
  before=$(service_fact InvocationID)
  systemctl reset-failed shutterd.service 2>/dev/null || true
  systemctl restart --no-block shutterd.service
  wait_until_ready "$before"
}

# wait_until_ready BEFORE: the invocation that was there when the start was asked for does not count.
wait_until_ready() {
  local deadline=$((SECONDS + READY_SECONDS_MAX)) since=-1 pid='' state
  while ((SECONDS < deadline)); do
    state=$(service_fact ActiveState)
    if [[ $(service_fact InvocationID) == "$1" ]]; then
      state=old
    fi
    if [[ $state != active ]]; then
      since=-1
    elif ((since < 0)) || [[ $(service_fact MainPID) != "$pid" ]]; then
      since=$SECONDS
      pid=$(service_fact MainPID)
    elif ((SECONDS - since >= SETTLE_SECONDS)); then
      return 0
    fi
    # It will not get better in a minute: a configuration that is wrong (2), an outbox that somebody else holds (3).
    [[ $state != failed && ! ($state != old && $(service_fact SubState) == auto-restart && $(service_fact ExecMainStatus) == [23]) ]] || return 1
    sleep 0.5
  done
  return 1
}

service_fact() { systemctl show --property="$1" --value shutterd.service; }

why_not_ready() {
  printf 'the service is %s (%s); its last lines:\n' "$(service_fact ActiveState)" "$(service_fact Result)"
  journalctl --unit=shutterd.service --lines=12 --output=cat --no-pager 2>/dev/null | cut -c 1-400 | sed 's/^/    /'
  "$OPT/current/bin/shutterd" config check 2>&1 | cut -c 1-400 | sed 's/^/    config check: /' || true
}

# Whoever switched a service off that ran well does not want it started by an upgrade.
service_switched_off() {
  [[ -z $ROOT && -d /run/systemd/system && -n $(tree_of current) && -z $(tree_of trial) && -e $UNITS/shutterd.service ]] || return 1
  [[ $(systemctl is-enabled shutterd.service 2>/dev/null) != enabled ]]
}

enable_for_boot() {
  install -d -m 755 -- "$OWN_UNITS/multi-user.target.wants"
  ln -sfn -- /usr/lib/systemd/system/shutterd.service "$OWN_UNITS/multi-user.target.wants/shutterd.service"
}

print_next_step() {
  local tree=$OPT/current node=$OPT/current/node/bin/node
  [[ -x $node ]] || node=node
  printf '\nshutterd %s is ready.\n' "$("$tree/bin/shutterd" --version)"
  "$tree/bin/shutterd" config show --json 2>/dev/null | "$node" "$tree/scripts/install/next-step.mjs" ||
    printf 'Its configuration cannot be read from here: %s config check\n' "$tree/bin/shutterd"
  command -v mosquitto_pub >/dev/null || printf '\nmosquitto_pub comes with: sudo apt-get install mosquitto-clients\n'
}
