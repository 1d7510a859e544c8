#!/usr/bin/env bash
# Carries the first trust from Citadel's bootstrap folder to where the others find it, as Secrets: a join token and the root
# certificate for each component and for the ingress gateway, and the certificate of the NATS servers. The operator's
# certificate goes into a folder here, with a context for meshctl.
#
#   deploy/kubernetes/first-trust.sh [folder for the operator's files; keelson-operator if it is not given]
#
# It can be run again at any time: what is good stays, and a certificate of NATS that Citadel has renewed is put in place.
set -euo pipefail
umask 077

namespace=istio-system
bootstrap=/var/lib/keelson/bootstrap
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
operator=${1:-keelson-operator}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

k() { kubectl --namespace "$namespace" "$@"; }
citadel() { k exec --stdin deployment/citadel --container citadel -- "$@"; }

# Makes a Secret, or gives it new contents: secret NAME FILE=KEY...
secret() {
  local name=$1 pair
  shift
  local arguments=()
  for pair in "$@"; do arguments+=("--from-file=${pair#*=}=$work/${pair%%=*}"); done
  k create secret generic "$name" "${arguments[@]}" --dry-run=client --output=yaml >"$work/secret.yaml"
  k apply --server-side --force-conflicts --field-manager=keelson-first-trust --filename "$work/secret.yaml"
}

k rollout status deployment/citadel --timeout=5m
citadel tar -cf - -C "$bootstrap" root-cert.pem {galley,pilot,mixer}.token {nats,operator}-{cert,key}.pem </dev/null |
  tar -xf - -C "$work"

for component in galley pilot mixer; do
  secret "$component-join" "$component.token=token" root-cert.pem=root-cert.pem
done

# Citadel makes no token for the gateway by itself: it is asked for one as an operator would, where its certificate lies.
if [[ -z $(k get secret istio-ingressgateway-join --ignore-not-found --output=name) ]]; then
  citadel node - "$bootstrap" "$namespace" istio-ingressgateway <"$here/join-token.cjs" >"$work/gateway.token"
  secret istio-ingressgateway-join gateway.token=token root-cert.pem=root-cert.pem
fi

before=$(k get secret nats-tls --ignore-not-found --output='jsonpath={.data.tls\.crt}')
secret nats-tls nats-cert.pem=tls.crt nats-key.pem=tls.key root-cert.pem=ca.crt
if [[ -n $before && $before != $(base64 <"$work/nats-cert.pem" | tr -d '\n') ]]; then
  # A server takes in a new certificate when it starts; one after the other, so the cluster goes on.
  k rollout restart statefulset/nats
fi

mkdir -p "$operator"
install -m 0600 "$work/root-cert.pem" "$work/operator-cert.pem" "$work/operator-key.pem" "$operator/"
cat >"$operator/meshctl.json" <<END
{
  "server": "https://127.0.0.1:15443",
  "citadel": "https://127.0.0.1:8061",
  "ca": "root-cert.pem",
  "cert": "operator-cert.pem",
  "key": "operator-key.pem"
}
END
echo "the operator's files are in $operator"
