# shellcheck shell=bash disable=SC2154
# /etc/shutterd: makes what is missing, changes two keys when told to, and leaves all else as it is.

# prepare_configuration TREE: an example of local.yaml where no file says anything about this machine yet.
prepare_configuration() {
  install -d -m 755 -- "$ETC"
  install -d -m 700 -- "$ETC/private"
  if [[ -z $(find "$ETC" -maxdepth 1 \( -name 'local.*' -o -name 'fleet.*' \) -print -quit) ]]; then
    copy_file "$1/config/local.yaml" "$ETC"
    printf '%s/local.yaml is an example: everything in it has a default\n' "$ETC"
  fi
}

# Writes the keys of --broker and --device-id, after the whole configuration was checked with them.
set_local() {
  local trial file=$ETC/local.yaml
  [[ -z $broker || $broker =~ ^[a-z]+://[][A-Za-z0-9._~:/?\&=%@+-]+$ ]] || die "Cannot use --broker $broker: it has to be like mqtt://192.168.1.10:1883 (or mqtts, ws, wss)"
  [[ -z $device_id || $device_id =~ ^[A-Za-z0-9._-]{1,128}$ ]] || die "Cannot use --device-id $device_id: letters, digits, '.', '_' and '-' are allowed, 128 at most"
  [[ ! -e $ETC/local.json && ! -e $ETC/local.yml ]] ||
    die "Cannot change $ETC/local.yaml: $(ls "$ETC"/local.json "$ETC"/local.yml 2>/dev/null) has this place; set ${broker:+mqtt.url }${device_id:+device.id }there"
  trial=$(mktemp -d)
  # The keys of certificates have no place in a second folder.
  tar -C "$ETC" --exclude=./private --exclude=./.git -cf - . | tar -C "$trial" -xf -
  chmod 755 "$trial"
  [[ -f $trial/local.yaml ]] || printf '# What belongs to this machine.\n' >"$trial/local.yaml"
  [[ -z $broker ]] || set_key mqtt url "$broker" "$trial/local.yaml"
  [[ -z $device_id ]] || set_key device id "$device_id" "$trial/local.yaml"
  if ! "$OPT/$placed/bin/shutterd" --config "$trial" config check >"$trial/.check" 2>&1 ||
    ! has_value mqtt.url "$broker" || ! has_value device.id "$device_id"; then
    sed "s|$trial|$ETC|g" "$trial/.check"
    rm -rf -- "$trial"
    die "Cannot change $file: the configuration would not be right with it (see above); nothing was changed there, edit the file by hand"
  fi
  if ! cmp -s "$trial/local.yaml" "$file"; then
    [[ ! -e $file ]] || chmod --reference="$file" "$trial/local.yaml"
    cp --preserve=mode -- "$trial/local.yaml" "$file.new"
    sync "$file.new"
    mv -f -- "$file.new" "$file"
  fi
  rm -rf -- "$trial"
}

# has_value KEY VALUE: it is what the checked configuration says, also when another layer had a word in it.
has_value() {
  [[ -n $2 ]] || return 0
  # What this shell has in its environment is not what the service will have.
  env -u SHUTTERD_MQTT_URL -u SHUTTERD_DEVICE_ID "$OPT/$placed/bin/shutterd" --config "$trial" config show --json 2>/dev/null |
    grep -A 1 -F "\"$1\": {" | grep -qF "\"value\": \"$2\""
}

# set_key SECTION KEY VALUE FILE: one key of a block mapping, in the place of its old value; what is written differently fails the check.
set_key() {
  local changed
  changed=$(SECTION=$1 KEY=$2 VALUE=$3 awk '
    function put() { print indent ENVIRON["KEY"] ": \"" ENVIRON["VALUE"] "\""; waiting = 0; done = 1 }
    BEGIN { indent = "  " }
    !done && !waiting && index($0, ENVIRON["SECTION"] ":") == 1 && $0 ~ /:[ \t]*(#.*)?$/ { print; waiting = inside = 1; next }
    waiting && /^[ \t]+[^ \t#]/ { match($0, /^[ \t]+/); indent = substr($0, 1, RLENGTH); put() }
    waiting && /^[^ \t#]/ { put() }
    /^[^ \t#]/ { inside = 0 }
    inside && index($0, indent ENVIRON["KEY"] ":") == 1 { next }
    { print }
    END { if (!done) { if (!waiting) print ENVIRON["SECTION"] ":"; put() } }
  ' "$4")
  printf '%s\n' "$changed" >"$4"
}
