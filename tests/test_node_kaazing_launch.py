"""How the gateway's Java is started."""

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.kaazing import launch

HOME = Path("/opt/kaazing/current")
JAVA = Path("/usr/lib/jvm/java-17")
HEARTBEATS = st.integers(5, 600)


def known(heartbeat: int) -> dict[str, int]:
    """Return the seconds that the options name, by what of Hazelcast they are."""
    found = re.findall(r"-Dhazelcast\.(\S+)\.seconds=(\d+)", " ".join(launch.options(HOME, heartbeat)))
    return {name: int(value) for name, value in found}


def test_a_gateway_is_started_with_what_its_script_gives_and_with_the_heartbeat() -> None:
    assert launch.options(HOME, 60) == [
        "-Xmx512m",
        "-Djava.security.egd=file:/dev/urandom",
        "-DGATEWAY_HOME=/opt/kaazing/current",
        "-Dhazelcast.max.no.heartbeat.seconds=60",
        "-Dhazelcast.heartbeat.interval.seconds=5",
        "-Dhazelcast.master.confirmation.interval.seconds=30",
        "-Dhazelcast.max.no.master.confirmation.seconds=150",
        "-Dhazelcast.merge.first.run.delay.seconds=30",
        "-Dhazelcast.merge.next.run.delay.seconds=10",
    ]


@given(HEARTBEATS)
def test_some_heartbeats_may_be_lost_and_the_one_who_leads_is_more_patient(heartbeat: int) -> None:
    found = known(heartbeat)
    assert 5 * found["heartbeat.interval"] <= found["max.no.heartbeat"] == heartbeat
    assert found["max.no.master.confirmation"] >= 2 * heartbeat
    assert 1 <= 5 * found["master.confirmation.interval"] <= found["max.no.master.confirmation"]


@given(HEARTBEATS)
def test_a_healed_split_is_looked_for_within_a_minute(heartbeat: int) -> None:
    found = known(heartbeat)
    assert found["merge.first.run.delay"] + found["merge.next.run.delay"] < 60


def test_a_user_may_want_more_memory_and_more_options() -> None:
    found = launch.options(HOME, 60, 2048, ["-XX:+UseG1GC"])
    assert (found[0], found[-1]) == ("-Xmx2048m", "-XX:+UseG1GC")


@pytest.mark.parametrize("option", ["-Da=b c", "-Da=*", "-Da=$(x)", "-Da='b'", "x", "", "-", "-Da=b\n", "-D;rm"])
def test_an_option_that_the_script_would_read_otherwise_is_refused(option: str) -> None:
    with pytest.raises(Failure, match="cannot be an option of the gateway's Java"):
        launch.options(HOME, 60, more=[option])


def test_a_home_with_a_blank_is_refused() -> None:
    with pytest.raises(Failure, match="GATEWAY_HOME"):
        launch.options(Path("/opt/my kaazing"), 60)


def test_the_wanted_java_is_the_first_on_the_path() -> None:
    """The script looks nowhere else, whatever JAVA_HOME says."""
    found = launch.environment(JAVA, ["-Xmx512m", "-Da=b"])
    assert found["PATH"].split(":")[0] == "/usr/lib/jvm/java-17/bin"
    assert (found["JAVA_HOME"], found["GATEWAY_OPTS"]) == (str(JAVA), "-Xmx512m -Da=b")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home of a gateway for Java 8, as Kaazing ships it."""
    for folder in ("bin", "conf", "lib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin/gateway.start").write_text("#!/bin/bash\n")
    jar(tmp_path / "lib/gateway.server-5.6.2.jar", "org/kaazing/gateway/server/Main.class")
    return tmp_path


def jar(file: Path, entry: str) -> None:
    """Make a jar with one class in it."""
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(entry, b"")


def test_on_java_8_a_gateway_has_all_it_needs(home: Path) -> None:
    launch.check_home(home, 8)


@pytest.mark.parametrize("java", [11, 17, 21])
def test_on_a_later_java_it_needs_what_that_has_no_more(home: Path, java: int) -> None:
    with pytest.raises(Failure, match=rf"which Java {java} has not: add javax.annotation-api-1.3.2.jar to lib/"):
        launch.check_home(home, java)
    jar(home / "lib/any-name.jar", launch.ANNOTATIONS)
    launch.check_home(home, java)


def test_a_jar_that_cannot_be_read_holds_nothing(home: Path) -> None:
    (home / "lib/broken.jar").write_bytes(b"PK")
    (home / "lib/folder.jar").mkdir()
    with pytest.raises(Failure, match=r"javax\.annotation"):
        launch.check_home(home, 17)


@pytest.mark.parametrize("lacking", ["bin/gateway.start", "conf", "lib"])
def test_what_is_no_gateway_is_refused_with_what_it_lacks(home: Path, lacking: str) -> None:
    (home / lacking).rename(home / "elsewhere")
    with pytest.raises(Failure, match=f"{lacking}; a distribution of the Kaazing Gateway has it"):
        launch.check_home(home, 8)
