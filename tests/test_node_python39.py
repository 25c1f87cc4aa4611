"""`musternode` on the Python that Amazon Linux 2023 runs for life; where this machine has none, that is said."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit

from operations import ROOT

NODE = ROOT / "assets" / "node"

IMPORT_ALL = """
import importlib, pkgutil, musternode
for module in pkgutil.walk_packages(musternode.__path__, "musternode."):
    importlib.import_module(module.name)
    print(module.name)
"""


@pytest.fixture(scope="module")
def python39() -> str:
    """Return a Python 3.9 of this machine."""
    known = [shutil.which("python3.9"), *map(str, sorted(Path.home().glob(".pyenv/versions/3.9.*/bin/python")))]
    for found in known:
        if found and run(found, "--version").stdout.startswith("Python 3.9."):  # a version manager's stub may say no
            return found
    pytest.skip("this machine has no Python 3.9: musternode was tested on this Python alone")


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the package that travels to nodes with musternode, and no other."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "tomlkit").symlink_to(Path(tomlkit.__file__).parent)
    return folder


def run(python: str, *arguments: str, beside: Path = NODE) -> subprocess.CompletedProcess[str]:
    """Run without boto3 and without writing byte code: the first stage of a node has neither."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{NODE}:{beside}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([python, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_every_module_is_imported_by_python_3_9(python39: str, beside: Path) -> None:
    done = run(python39, "-c", IMPORT_ALL, beside=beside)
    assert done.returncode == 0, done.stderr
    modules = [path for path in (NODE / "musternode").rglob("*.py") if path.name != "__init__.py"]
    assert len(done.stdout.split()) >= len(modules)


def test_a_wrong_command_is_one_line(python39: str) -> None:
    done = run(python39, "-m", "musternode", "nonsense")
    assert done.returncode == 1
    assert done.stdout.startswith("usage: musternode")
    assert "Traceback" not in done.stdout + done.stderr


def test_files_are_edited_by_python_3_9_as_by_this_one(python39: str) -> None:
    code = (
        "from musternode import launch_conf, properties\n"
        "before = b'# kept\\na = 1\\\\\\n  2\\nb:3\\n'\n"
        "print(properties.put(before, {'a': 'x; \\'y\\\\', 'c': 'z'}))\n"
        "print(launch_conf.with_clustering(b'JAVA_OPTS=-Xmx1g'))"
    )
    other, own = run(python39, "-c", code), run(sys.executable, "-c", code)
    assert (other.returncode, own.returncode) == (0, 0), other.stderr + own.stderr
    assert other.stdout == own.stdout


def test_clustering_is_configured_by_python_3_9_as_by_this_one(python39: str, beside: Path) -> None:
    code = (
        "from musternode.carbon import axis2, deployment_toml\n"
        "from musternode.carbon.clustering import Clustering\n"
        "one = Clustering('kebab', 'A', 'aws', 'd\u00e9&', '10.0.0.1', 5701, 'r', 'g', 'k', 'v')\n"
        "xml = '<?xml version=\"1.0\" encoding=\"utf-16\"?><axisconfig><clustering/></axisconfig>'.encode('utf-16')\n"
        "print(axis2.patched(xml, one))\n"
        "print(deployment_toml.patched(b'# x\\r\\n[clustering.properties]\\r\\ntagKey = 1 # y\\r\\n', one))"
    )
    other, own = (run(python, "-c", code, beside=beside) for python in (python39, sys.executable))
    assert (other.returncode, own.returncode) == (0, 0), other.stderr + own.stderr
    assert other.stdout == own.stdout
