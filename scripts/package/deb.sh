# shellcheck shell=bash disable=SC2154
# Makes a Debian package around a sealed tree: dpkg lays the tree down, the tree's own install.sh does the rest.

# make_deb TREE FILE VERSION ARCHITECTURE
make_deb() {
  local tree=$1 file=$2 root
  root=$(mktemp -d)
  chmod 755 -- "$root"
  mkdir -p -- "$root/opt/shutterd" "$root/usr/share/doc/shutterd" "$root/DEBIAN"
  cp -a -- "$tree" "$root/opt/shutterd/package"
  copyright "$tree" >"$root/usr/share/doc/shutterd/copyright"
  control "$root" "$3" "$4" >"$root/DEBIAN/control"
  maintainer_script postinst >"$root/DEBIAN/postinst"
  maintainer_script prerm >"$root/DEBIAN/prerm"
  maintainer_script postrm paths remove >"$root/DEBIAN/postrm"
  (cd -- "$root" && find opt usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  chmod 755 -- "$root"/DEBIAN/{postinst,prerm,postrm}
  find "$root" -print0 | xargs -0 touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
  with_progress "$(basename -- "$file")" dpkg-deb --root-owner-group -Zxz -z"$level" --build "$root" "$file" ||
    die 'Cannot make the Debian package: dpkg-deb failed as shown above'
  rm -rf -- "$root"
}

# control ROOT VERSION ARCHITECTURE
control() {
  cat <<CONTROL
Package: shutterd
Version: $2
Architecture: $3
Maintainer: The shutterd project <shutterd@localhost>
Installed-Size: $(du -sk --apparent-size -- "$1/opt" | cut -f 1)
Depends: bash, libc6 (>= 2.28), libstdc++6, systemd (>= 247), passwd, fswebcam, ffmpeg, v4l-utils
Suggests: mosquitto, mosquitto-clients
Section: net
Priority: optional
Description: camera daemon that answers MQTT
 A message on the trigger topic takes a picture with a USB webcam; the picture
 is made to fit the broker's limit, kept on disk until the broker has it, and
 published; the classification that comes back goes to the log.
 .
 It brings its own Node.js.
CONTROL
}

copyright() {
  printf 'shutterd\n\n'
  cat -- "$1/LICENSE"
  printf '\nThe licences of Node.js and of each package are in /opt/shutterd/package/node and /opt/shutterd/package/node_modules.\n'
  printf 'libvips there is used under LGPL-3: /usr/share/common-licenses/LGPL-3\n'
}

# maintainer_script NAME [PART...]: scripts/package/NAME.sh, with parts of install.sh where the tree is gone when it runs.
maintainer_script() {
  local name=$1 part
  shift
  printf '#!/bin/bash\nset -euo pipefail\n'
  for part in "$@"; do cat -- "$checkout/scripts/install/$part.sh"; done
  cat -- "$checkout/scripts/package/$name.sh"
}
