#!/bin/sh
# Starts the double of WSO2 Carbon in the foreground. As the product's script it wants JAVA_HOME and takes JAVA_OPTS.
set -euf

program=$(readlink -f "$0")
CARBON_HOME=${CARBON_HOME:-$(cd "$(dirname "$program")/.." && pwd -P)}
export CARBON_HOME

case ${1:-run} in
  run | settings) ;;
  *)
    echo "the double of WSO2 Carbon runs in the foreground only: $0 [run | settings]" >&2
    exit 2
    ;;
esac
if [ -z "${JAVA_HOME:-}" ]; then
  echo "You must set the JAVA_HOME variable before running the double of WSO2 Carbon." >&2
  exit 1
fi

cd "$CARBON_HOME"
# shellcheck disable=SC2086 # JAVA_OPTS are options, divided by blanks
exec "$JAVA_HOME/bin/java" -Xms32m -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${JAVA_OPTS:-} \
  -Dcarbon.home="$CARBON_HOME" -Djava.net.preferIPv4Stack=true -Dfile.encoding=UTF8 \
  -jar "$CARBON_HOME/lib/wso2-carbon-double.jar" "$@"
