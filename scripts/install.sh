#!/usr/bin/env bash
# Installs, upgrades and removes the service on this machine; safe to run again at any time, also after it was killed.
# It runs from an unpacked archive (scripts/package.sh makes one), from a checkout, and from what it installed itself.
set -euo pipefail
umask 022

home=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$home/scripts/setup.sh"
for part in paths machine tree system-files configure service remove; do
  # shellcheck source=/dev/null
  source "$home/scripts/install/$part.sh"
done

usage() {
  cat <<'HELP'
Usage: install.sh [install] [--broker URL] [--device-id ID] [--root DIR] [--dry-run]
       install.sh upgrade [--broker URL] [--device-id ID] [--dry-run]
       install.sh uninstall [--purge] [--dry-run]

install     puts this version into /opt/shutterd, starts the service and waits until it is ready. Where another version
            runs already, that is an upgrade.
upgrade     the same, and an error where nothing is installed. Configuration and outbox stay; when the new version is not
            ready within 60 s the previous one is started again and this ends with 1.
uninstall   removes everything but configuration and outbox; --purge removes these as well.

--broker URL     mqtt.url in /etc/shutterd/local.yaml (mqtt://192.168.1.10:1883)
--device-id ID   device.id in /etc/shutterd/local.yaml (default: the host name)
--root DIR       installs into the system below DIR, such as a mounted SD card; starts nothing and asks apt for nothing
--dry-run        says the steps and does none of them

It needs root (sudo). From an archive it needs the network only for missing Debian packages: fswebcam, ffmpeg, v4l-utils.
HELP
}

main() {
  local command=install
  broker='' device_id='' purge=no dry_run=no
  if [[ ${1:-} == [a-z]* ]]; then command=$1 && shift; fi
  while (($# > 0)); do
    case $1 in
      --broker | --device-id | --root) (($# > 1)) || wrong_usage "$1 needs a value" ;;&
      --broker) broker=$2 && shift 2 ;;
      --device-id) device_id=$2 && shift 2 ;;
      --root) use_root "$2" && shift 2 ;;
      --purge) purge=yes && shift ;;
      --dry-run) dry_run=yes && shift ;;
      -h | --help) usage && return ;;
      *) wrong_usage "unknown: $1" ;;
    esac
  done
  case $command in
    install) from_here ;;
    upgrade)
      [[ -n $(tree_of current) ]] || die "Cannot upgrade shutterd: none is installed in $OPT; run: $0 install"
      from_here
      ;;
    uninstall)
      no_debian_package 'apt-get remove shutterd (or apt-get purge shutterd)'
      require_root
      uninstall "$purge"
      ;;
    # What the scripts of the Debian package call.
    configure-package) install_tree "$home" ;;
    remove-package) uninstall no ;;
    *) wrong_usage "unknown command: $command" ;;
  esac
}

wrong_usage() {
  printf 'Cannot read the command line: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

from_here() {
  no_debian_package 'apt-get install ./shutterd_VERSION_ARCH.deb'
  require_root
  one_at_a_time
  require_machine
  [[ -n $ROOT ]] || step 'Debian packages: fswebcam, ffmpeg, v4l-utils' require_programs 'the cameras need them' \
    fswebcam=fswebcam ffmpeg=ffmpeg v4l2-ctl=v4l-utils
  if is_prepared "$home"; then
    install_tree "$home"
  else
    # shellcheck source=scripts/package/make-tree.sh
    source "$home/scripts/package/make-tree.sh"
    require_node
    build_folder=$(mktemp -d /var/tmp/shutterd-build.XXXXXX)
    trap 'rm -rf -- "$build_folder"' EXIT
    step "build this checkout ($home)" make_tree_for_here "$home" "$build_folder/tree"
    install_tree "$build_folder/tree"
  fi
}

# install_tree TREE: the way of every version onto the machine, from whatever it was unpacked or built.
install_tree() {
  local tree=$1 previous switched_off
  previous=$(tree_of current)
  switched_off=$(service_switched_off && printf yes || printf no)
  # shellcheck disable=SC2034
  placed='' # the name that place_tree finds for it
  step "program: into $OPT" place_tree "$tree"
  step "configuration: $ETC" prepare_configuration "$tree"
  [[ -z $broker$device_id ]] || step "configuration: ${broker:+mqtt.url }${device_id:+device.id }in $ETC/local.yaml" set_local
  step "link: $OPT/current, the previous version stays beside it" switch_to_placed
  step 'unit, user and folders of the service' install_system_files "$OPT/current"
  # shellcheck disable=SC2153
  step "command: $COMMAND" link_command
  if [[ $switched_off == yes ]]; then
    printf 'The service was switched off (systemctl disable shutterd) and stays so.\n'
    step 'clean up' accept_version
  elif [[ -n $ROOT || ! -d /run/systemd/system ]]; then
    step 'service: starts at the next boot' enable_for_boot
    step 'clean up' accept_version
  else
    step 'service: start, and wait until it is ready (60 s at most)' start_or_fall_back "$previous"
    step 'clean up' accept_version
    [[ $dry_run == yes ]] || print_next_step
  fi
}

# step WORDS COMMAND...: says it, then does it; a dry run only says it.
step() {
  printf '%s %s\n' "$([[ $dry_run == yes ]] && printf 'would do:' || printf '==>')" "$1"
  shift
  [[ $dry_run == yes ]] || "$@"
}

main "$@"
exit
