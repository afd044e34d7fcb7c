#!/usr/bin/env bash
# Makes one camera known to AWS IoT Core (thing, certificate, policy of the stack) and writes its configuration.
# It never overwrites a file or a thing, and takes back what it made at AWS when a later step fails.
set -euo pipefail
umask 077

# Amazon Root CA 1, which signs the endpoints of AWS IoT Core (https://www.amazontrust.com/repository/).
ROOT_SHA256=8E:CD:E6:88:4F:3D:87:B1:12:5B:A3:1A:C3:FC:B1:3D:70:16:DE:7F:57:CC:90:4F:E1:CB:97:C6:AE:98:19:6E
ROOT_URL=https://www.amazontrust.com/repository/AmazonRootCA1.pem
ROOT_ON_DEBIAN=/etc/ssl/certs/Amazon_Root_CA_1.pem

usage() {
  cat <<'TEXT'
Usage: new-thing.sh NAME [--stack STACK] [--out FOLDER] [--port 8883|443] [--region REGION] [--dry-run]

NAME becomes the thing, the client id and device.id: letters, digits, _ and -.

  --stack STACK    the CloudFormation stack of template.yaml (default shutterd)
  --out FOLDER     where the files go (default /etc/shutterd, which takes root); copy another folder to the camera's /etc/shutterd
  --port PORT      443 where 8883 is blocked (default 8883)
  --region REGION  default as the AWS command line has it
  --dry-run        asks AWS what is there, changes nothing, and prints what it would do

It writes local.yaml, tls/NAME.pem, tls/AmazonRootCA1.pem and private/NAME.key, which systemd hands to the service alone
(LoadCredential=tls:/etc/shutterd/private in its unit).
TEXT
}

name='' stack=shutterd out=/etc/shutterd port=8883 dry_run=''
made_thing='' certificate_arn='' certificate_id='' attached_thing='' attached_policy='' staging='' done=''

main() {
  read_arguments "$@"
  check_machine
  read_stack
  refuse_existing_thing
  if [[ -n $dry_run ]]; then
    tell_plan
    return
  fi
  trap clean_up EXIT
  make_folders
  find_root_certificate
  make_thing
  write_files
  done=yes
  tell_next
}

die() {
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}

read_arguments() {
  while (($# > 0)); do
    case $1 in
      --stack | --out | --port | --region)
        [[ -n ${2:-} ]] || wrong_use "Cannot use $1: it needs a value"
        case $1 in
          --stack) stack=$2 ;;
          --out) out=${2%/} ;;
          --port) port=$2 ;;
          --region) export AWS_REGION=$2 AWS_DEFAULT_REGION=$2 ;;
        esac
        shift
        ;;
      --dry-run) dry_run=yes ;;
      -h | --help)
        usage
        exit 0
        ;;
      -*) wrong_use "Cannot use $1: there is no such flag" ;;
      *)
        [[ -z $name ]] || wrong_use "Cannot use $1: one thing at a time, $name was named before"
        name=$1
        ;;
    esac
    shift
  done
  [[ -n $name ]] || wrong_use 'Cannot create a thing: it has no name'
  # AWS takes 128 characters of a client id, and the commands beside the daemon add 11.
  [[ $name =~ ^[A-Za-z0-9_-]{1,117}$ ]] ||
    wrong_use "Cannot create thing $name: 1 to 117 letters, digits, _ and - are allowed (AWS takes no dots)"
  [[ $port == 8883 || $port == 443 ]] || wrong_use "Cannot use --port $port: 8883 and 443 are allowed"
}

wrong_use() {
  printf '%s\n\n' "$1" >&2
  usage >&2
  exit 2
}

check_machine() {
  command -v aws >/dev/null ||
    die 'Cannot speak to AWS: there is no aws here; install the AWS command line, version 2, and log in'
  command -v openssl >/dev/null || die 'Cannot check certificates: there is no openssl here; apt-get install openssl'
  local file
  for file in "$out/local.yaml" "$out/tls/$name.pem" "$out/private/$name.key"; do
    [[ ! -e $file ]] || die "Cannot write $file: it exists, and nothing is overwritten; move it away, or choose --out"
  done
  [[ -n $dry_run || $out != /etc/shutterd || $EUID == 0 ]] ||
    die 'Cannot write to /etc/shutterd: this is not root; use sudo on the camera itself, or --out FOLDER elsewhere'
}

# ask WHAT ARGUMENT...: what the AWS command line prints; it has said itself what went wrong.
ask() {
  local what=$1
  shift
  aws "$@" --output text || die "Cannot $what: the AWS command line says why"
}

read_stack() {
  local outputs
  outputs=$(ask "read the stack $stack" cloudformation describe-stacks --stack-name "$stack" \
    --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]')
  policy=$(output_of PolicyName "$outputs")
  request_topic=$(output_of RequestTopic "$outputs")
  response_topic=$(output_of ResponseTopic "$outputs")
  local only
  only=$(output_of ThingName "$outputs")
  [[ $only == any || $only == "$name" ]] ||
    die "Cannot create thing $name: the stack $stack is for $only alone (ThingName); leave that empty for a fleet"
  endpoint=$(ask 'find the endpoint of AWS IoT Core' iot describe-endpoint --endpoint-type iot:Data-ATS \
    --query endpointAddress)
}

output_of() {
  local value
  value=$(awk -F '\t' -v key="$1" '$1 == key { print $2 }' <<<"$2")
  [[ -n $value ]] || die "Cannot use the stack $stack: it has no output $1; is it one of template.yaml?"
  printf '%s' "$value"
}

refuse_existing_thing() {
  local answer
  if answer=$(aws iot describe-thing --thing-name "$name" --query thingArn --output text 2>&1); then
    die "Cannot create thing $name: it exists ($answer); choose another name, or delete it and its certificate first"
  fi
  [[ $answer == *ResourceNotFoundException* ]] || die "Cannot look for thing $name: $answer"
}

make_folders() {
  [[ -d $out ]] || install -d -m 0755 "$out"
  [[ -d $out/tls ]] || install -d -m 0755 "$out/tls"
  [[ -d $out/private ]] || install -d -m 0700 "$out/private"
  staging=$(mktemp -d "$out/private/.new-thing.XXXXXX") # the same file system, and nobody else's to read
}

find_root_certificate() {
  if [[ -r $ROOT_ON_DEBIAN ]]; then
    cat -- "$ROOT_ON_DEBIAN" >"$staging/root.pem"
  else
    curl -fsS -o "$staging/root.pem" "$ROOT_URL" ||
      die "Cannot fetch $ROOT_URL: curl says why; or install ca-certificates, which has it"
  fi
  local found
  found=$(openssl x509 -in "$staging/root.pem" -noout -fingerprint -sha256) || found=''
  [[ ${found#*=} == "$ROOT_SHA256" ]] || die "Cannot trust the root certificate: it is not Amazon Root CA 1 (${found:-none})"
}

make_thing() {
  ask "create thing $name" iot create-thing --thing-name "$name" --query thingArn >/dev/null
  made_thing=yes
  local ids
  ids=$(ask 'create a certificate' iot create-keys-and-certificate --set-as-active \
    --certificate-pem-outfile "$staging/cert.pem" --private-key-outfile "$staging/key.pem" \
    --query '[certificateArn,certificateId]')
  read -r certificate_arn certificate_id <<<"$ids"
  # Exclusively: the commands beside the daemon have client ids of their own, and are this thing as well then.
  ask 'attach the certificate' iot attach-thing-principal --thing-name "$name" --principal "$certificate_arn" \
    --thing-principal-type EXCLUSIVE_THING >/dev/null
  attached_thing=yes
  ask "attach policy $policy" iot attach-policy --policy-name "$policy" --target "$certificate_arn" >/dev/null
  attached_policy=yes
}

configuration() {
  cat <<YAML
# Written by new-thing.sh for the thing $name of the stack $stack.
device:
  id: $name

mqtt:
  broker: aws
  url: mqtts://$endpoint:$port
  tls:
    caFile: /etc/shutterd/tls/AmazonRootCA1.pem
    certFile: /etc/shutterd/tls/$name.pem
    keyFile: /run/credentials/shutterd.service/tls_$name.key # /etc/shutterd/private/$name.key, as systemd hands it over

topics:
  request: '$request_topic'
  response: '$response_topic'
YAML
}

write_files() {
  configuration >"$staging/local.yaml"
  chmod 0644 "$staging/local.yaml" "$staging/cert.pem" "$staging/root.pem"
  chmod 0600 "$staging/key.pem"
  mv -- "$staging/key.pem" "$out/private/$name.key"
  mv -- "$staging/cert.pem" "$out/tls/$name.pem"
  mv -- "$staging/root.pem" "$out/tls/AmazonRootCA1.pem"
  mv -- "$staging/local.yaml" "$out/local.yaml"
}

clean_up() {
  local status=$?
  [[ -z $staging ]] || rm -rf -- "$staging"
  [[ -z $done && -n $made_thing ]] || return "$status"
  printf 'taking back what was made at AWS\n' >&2
  rm -f -- "$out/private/$name.key" "$out/tls/$name.pem"
  [[ -z $attached_policy ]] || undo iot detach-policy --policy-name "$policy" --target "$certificate_arn"
  [[ -z $attached_thing ]] || undo iot detach-thing-principal --thing-name "$name" --principal "$certificate_arn"
  if [[ -n $certificate_id ]]; then
    undo iot update-certificate --certificate-id "$certificate_id" --new-status INACTIVE
    undo iot delete-certificate --certificate-id "$certificate_id"
  fi
  undo iot delete-thing --thing-name "$name"
  return "$status"
}

undo() {
  aws "$@" >/dev/null || printf 'left over at AWS, by hand: aws %s\n' "$*" >&2
}

tell_plan() {
  cat <<TEXT
Nothing was changed. It would run:

  aws iot create-thing --thing-name $name
  aws iot create-keys-and-certificate --set-as-active ...
  aws iot attach-thing-principal --thing-name $name --principal CERTIFICATE --thing-principal-type EXCLUSIVE_THING
  aws iot attach-policy --policy-name $policy --target CERTIFICATE

and write $out/private/$name.key (0600), $out/tls/$name.pem, $out/tls/AmazonRootCA1.pem and $out/local.yaml:

TEXT
  configuration
}

tell_next() {
  printf 'thing %s: %s/local.yaml, tls/%s.pem, tls/AmazonRootCA1.pem, private/%s.key\n' "$name" "$out" "$name" "$name"
  if [[ $out == /etc/shutterd ]]; then
    printf 'next: sudo systemctl restart shutterd && journalctl -fu shutterd\n'
  else
    printf 'next: copy it to the camera, as root: rsync -rtp --chown=root:root %s/ root@CAMERA:/etc/shutterd/\n' "$out"
    printf '      then there: systemctl restart shutterd && journalctl -fu shutterd\n'
  fi
}

main "$@"
