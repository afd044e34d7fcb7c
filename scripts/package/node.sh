# shellcheck shell=bash disable=SC2034
# Node for another CPU, from npm's packages of its binaries: pinned by version and checksum, with its licence. It installs nothing.

# Both packages have this version; armv7l ends at 20.11, too old, which is why there is no archive for 32 bits.
NODE_VERSION=22.23.3
NODE_SHA512_arm64=l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==
NODE_SHA512_x64=qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==

# add_node TREE CPU: node/bin/node and node/LICENSE.
add_node() {
  local folder wanted=NODE_SHA512_$2 found
  folder=$(mktemp -d)
  with_progress "Node $NODE_VERSION for $2" env -C "$folder" npm pack --silent "node-linux-$2@$NODE_VERSION" ||
    die 'Cannot fetch Node: npm failed as shown above; packaging needs the network'
  found=$(openssl dgst -sha512 -binary "$folder"/*.tgz | base64 -w 0)
  [[ $found == "${!wanted}" ]] ||
    die "Cannot use node-linux-$2@$NODE_VERSION: its checksum is $found, scripts/package/node.sh expects ${!wanted}"
  mkdir -p -- "$1/node"
  tar -xzf "$folder"/*.tgz -C "$1/node" --strip-components=1 --no-same-owner package/bin/node package/LICENSE
  rm -rf -- "$folder"
}
