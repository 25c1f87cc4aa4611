#!/bin/sh
# Starts the double of WSO2 AS in the foreground. As the product's script it wants JAVA_HOME and takes JAVA_OPTS.
# The double has no database: -Dsetup, by which the product makes tables, means nothing to it.
set -euf

program=$(readlink -f "$0")
CARBON_HOME=${CARBON_HOME:-$(cd "$(dirname "$program")/.." && pwd -P)}
export CARBON_HOME

case ${1:-run} in
  run | settings | -Dsetup) ;;
  *)
    echo "the double of WSO2 AS runs in the foreground only: $0 [run | settings | -Dsetup]" >&2
    exit 2
    ;;
esac
if [ -z "${JAVA_HOME:-}" ]; then
  echo "You must set the JAVA_HOME variable before running the double of WSO2 AS." >&2
  exit 1
fi

cd "$CARBON_HOME"
# What Hazelcast looks into is opened to it; Java 8 passes over options that it does not know.
# shellcheck disable=SC2086,SC2048 # JAVA_OPTS and the arguments are divided by blanks, as in the product's script
exec "$JAVA_HOME/bin/java" \
    -Xms32m -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -XX:+IgnoreUnrecognizedVMOptions \
    --add-opens=java.base/java.lang=ALL-UNNAMED \
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
    --add-opens=java.management/sun.management=ALL-UNNAMED \
    --add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED \
    ${JAVA_OPTS:-} \
    -classpath "$CARBON_HOME/lib/wso2-as-double.jar" \
    -Dcarbon.home="$CARBON_HOME" \
    -Dfile.encoding=UTF8 \
    -Djava.net.preferIPv4Stack=true \
    -DworkerNode=false \
    org.wso2.carbon.bootstrap.Bootstrap $*
