# shellcheck shell=bash
# postinst of the Debian package: what install.sh does, ending with 1 when the version fell back.
case $1 in
  configure) bash /opt/shutterd/package/scripts/install.sh configure-package ;;
esac
