"""Where things lie in an engine's home folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict

from .eras import APPLICATIONS, DATA, FILES, Era

_FOLDERS = {FILES: "files", APPLICATIONS: "applications", DATA: "data"}
"""Below the shared folder, by the key that names it."""


@dataclass(frozen=True)
class Layout:
    """The engine in the folder `home`."""

    home: Path

    @property
    def configuration(self) -> Path:
        """The folder of its configuration files."""
        return self.home / "configuration"

    @property
    def ivy_yaml(self) -> Path:
        """Its main configuration file, which may be missing."""
        return self.configuration / "ivy.yaml"

    @property
    def jgroups(self) -> Path:
        """How its nodes talk to each other; without it by multicast, which no VPC carries."""
        return self.configuration / "jgroups.xml"

    @property
    def licence(self) -> Path:
        """Where its licence is put; any other file with that ending in the folder must go."""
        return self.configuration / "licence.lic"

    @property
    def server_xml(self) -> Path:
        """What a Tomcat reads; an engine has none, its stand-in of the rehearsal does."""
        return self.home / "conf" / "server.xml"

    @property
    def program(self) -> Path:
        """What starts it."""
        return self.home / "bin" / "AxonIvyEngine"

    def links(self, era: Era, shared: str) -> Dict[Path, Path]:
        """Return which folders of the home must be links, and to what in the folder `shared`."""
        return {self.home / name: Path(shared) / name for name in era.linked}


def folders(era: Era, shared: str) -> Dict[str, str]:
    """Return the keys of ivy.yaml that name a shared folder, and which one below `shared` each names."""
    return {key: f"{shared.rstrip('/')}/{_FOLDERS[key]}" for key in era.shared}
