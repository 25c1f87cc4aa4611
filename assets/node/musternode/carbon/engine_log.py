"""The product's log configuration: the engine's warnings must be in the log, for they say that it goes on alone.

WSO2 ships the level ERROR for the engine, and Hazelcast says "Starting standalone" as a warning.
"""

from pathlib import Path
from typing import Dict

from .. import properties

KEYS: Dict[Path, str] = {
    Path("repository/conf/log4j2.properties"): "logger.com-hazelcast.level",
    Path("repository/conf/log4j.properties"): "log4j.logger.com.hazelcast",
}
"""Where kernels have the engine's level: those with deployment.toml, and those before."""
WANTED = "WARN"
QUIET = {"ERROR", "FATAL", "OFF"}


def patched(content: bytes, key: str) -> bytes:
    """Return `content` with the level at `key` so that warnings are logged; one that is there already, or none, stays.

    In log4j 1 names of appenders may follow the level; they stay.
    """
    value = properties.load(content).get(key)
    if value is None:
        return content
    level, comma, rest = value.partition(",")
    if level.strip().upper() not in QUIET:
        return content
    return properties.put(content, {key: f"{WANTED}{comma}{rest}"})
