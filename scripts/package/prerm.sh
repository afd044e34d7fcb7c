# shellcheck shell=bash
# prerm of the Debian package: at an upgrade the old version runs until the new one takes over.
case $1 in
  remove) bash /opt/shutterd/package/scripts/install.sh remove-package ;;
esac
