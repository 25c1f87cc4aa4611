#!/bin/bash
# Muster: fetch the program that this node's settings name, check it, run it.
set -euo pipefail
cd /run
imds=http://169.254.169.254/latest doc=/run/muster.json err=muster.err url='' node='?'

fail() {
  echo "muster: node $node: $1" >&2
  [[ -z $url ]] || python3 -c 'import json, sys
node, text = sys.argv[1:]
text = ascii(f"node {node}: {text}")[1:-1][:900]
print(json.dumps(dict(Status="FAILURE", UniqueId=node, Data="", Reason=text)))' "$node" "$1" |
    curl -sf --retry 5 -X PUT -H Content-Type: --data-binary @- "$url"
  exit 1
}
try() { # what it needs, command; a role takes some seconds
  local n end=NoSuch
  for n in {1..30}; do
    "${@:2}" 2>$err && return
    ((n < 8)) || end='NoSuch|AccessDenied|Forbidden'
    grep -qE "$end" $err && break
    sleep 2
  done
  fail "needs $1: $(tail -n1 $err)"
}
ask() { try metadata curl -sSfm3 -H "X-aws-ec2-metadata-token${token--ttl-seconds: 900}" "$@"; }
meta() { ask "$imds/meta-data/$1"; }
field() { python3 -c 'import json, sys
d = json.load(open("muster.json"))
for k in sys.argv[1:]: d = d[k]
print(d)' "$@"; }

token=": $(ask -X PUT $imds/api/token)"
node=$(meta tags/instance/muster:node)
parameter=$(meta tags/instance/muster:settings)
AWS_DEFAULT_REGION=$(meta placement/region)
export AWS_DEFAULT_REGION
command -v aws || dnf install -yq awscli-2 || { apt-get update && apt-get -o DPkg::Lock::Timeout=120 install -yq awscli; }
install -m 600 /dev/null $doc
try "ssm:GetParameter on $parameter" \
  aws ssm get-parameter --name "$parameter" --query Parameter.Value --output text >$doc
url=$(field wait_url)
bucket=$(field asset bucket) key=$(field asset key) sha=$(field asset sha256)
home=/opt/muster/${sha:0:16} zip=$doc.zip
try "s3:GetObject on arn:aws:s3:::$bucket/$key" aws s3api get-object --bucket "$bucket" --key "$key" $zip
got=$(sha256sum <$zip)
[[ $got = "$sha  -" ]] || fail "s3://$bucket/$key has sha256 $got, the settings document says $sha"
python3 -m zipfile -e $zip "$home"
cd "$home"
exec python3 -m musternode bootstrap $doc "$node" "$parameter"
