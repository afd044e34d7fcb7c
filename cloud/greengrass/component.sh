#!/bin/sh
# What the nucleus runs of the component: install, run, shutdown; and for a person, any command of shutterd as the component sees
# it. The deployment's configuration arrives in a variable, so that no shell ever reads it as text of its own. It writes into the
# component's work folder only.
set -eu
umask 077

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
work=$(CDPATH='' cd -- "${COMPONENT_WORK:?the recipe sets it to the work folder of the component}" && pwd -P)
node=$here/node/bin/node
[ -x "$node" ] || node=node
# The machine's own tree comes after the deployment's, and wins.
machine=${COMPONENT_MACHINE_CONFIGURATION:-/etc/shutterd}
# A stop has 10 s; the nucleus would give it five before SIGKILL.
stop_tenths_max=110

main() {
  # Of the nucleus' own service: its watchdog and its journal are not ours.
  unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID JOURNAL_STREAM
  STATE_DIRECTORY=$work/state
  export STATE_DIRECTORY
  case ${1:-} in
    install) install_component ;;
    run) run_daemon ;;
    shutdown) stop_daemon ;;
    shutterd) shift && shutterd "$@" --config "$work/config" ;;
    *) die "Cannot run $0: it is given \"${1:-}\", install, run, shutdown or \"shutterd COMMAND\" are allowed" ;;
  esac
}

# Exit 2, and with it a deployment that fails and rolls back, where the daemon would refuse the configuration.
install_component() {
  "$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    die 'Cannot install: Node 20.19 or newer is needed, in the artifact or on PATH of the component'
  (cd -- "$here" && "$node" --input-type=module -e 'await import("aws-iot-device-sdk-v2/dist/greengrasscoreipc.js")') ||
    die 'Cannot install: the artifact holds no Greengrass IPC client for this CPU, make it with make-artifact.sh'
  rm -rf -- "$work/config.new"
  mkdir -p -- "$work/config.new" "$work/config" "$work/state"
  printf '%s\n' "$COMPONENT_CONFIGURATION" >"$work/config.new/fleet.json"
  shutterd config check --config "$work/config.new"
  mv -f -- "$work/config.new/fleet.json" "$work/config/fleet.json"
  rm -rf -- "$work/config.new"
}

# Left over from a nucleus that crashed, one would hold camera and outbox until it finds out; after three starts in vain the
# nucleus gives the component up.
run_daemon() {
  unset COMPONENT_CONFIGURATION
  stop_daemon
  printf '%s\n' "$$" >"$work/pid"
  if [ -d "$machine" ]; then set -- --config "$machine"; else set --; fi
  exec "$node" "$here/dist/src/main.js" run --config "$work/config" "$@"
}

stop_daemon() {
  pid=$(cat -- "$work/pid" 2>/dev/null) || return 0
  # The number may be another's by now; ours works in this folder.
  [ "$(readlink -- "/proc/$pid/cwd")" = "$work" ] || return 0
  kill -TERM "$pid" 2>/dev/null || return 0
  tenths=0
  while kill -0 "$pid" 2>/dev/null && [ "$tenths" -lt "$stop_tenths_max" ]; do
    sleep 0.1
    tenths=$((tenths + 1))
  done
}

shutterd() {
  if [ -d "$machine" ]; then set -- "$@" --config "$machine"; fi
  "$node" "$here/dist/src/main.js" "$@" || exit $?
}

die() {
  printf '%s\n' "$1" >&2
  exit 1
}

main "$@"
