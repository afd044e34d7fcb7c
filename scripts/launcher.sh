#!/bin/sh
# bin/shutterd of an installed tree: runs it with the Node that the tree brings, else with the one on PATH.
# It follows links, so that it may be called by any of them.
set -eu
root=$(readlink -f -- "$0")
root=${root%/bin/*}
node=$root/node/bin/node
[ -x "$node" ] || node=node
exec "$node" "$root/dist/src/main.js" "$@"
