# shellcheck shell=bash
# postrm of the Debian package: configuration and outbox go with purge only.
case $1 in
  purge) remove_data ;;
esac
# dpkg takes an empty /opt along; no package owns it, and every Debian has it.
mkdir -p /opt
