"""AS400Gateway: a fully executable Spring Boot jar, `config/application.properties`, a `.conf` beside the jar."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict

from .. import files, launch_conf, properties
from ..aws import Credentials
from ..settings import Settings

USER = "as400gateway"
UNIT = "as400gateway.service"
SCHEMA_UNIT = "as400gateway-schema.service"


@dataclass(frozen=True)
class Layout:
    """Files of the product below `home`; `jar_name` is the file name of its jar."""

    home: Path
    jar_name: str

    @property
    def jar(self) -> Path:
        """The fully executable jar."""
        return self.home / "executable-jars" / self.jar_name

    @property
    def launch_conf(self) -> Path:
        """The file that the jar's launch script sources."""
        return self.jar.with_suffix(".conf")

    @property
    def config(self) -> Path:
        """Folder of `application.properties`."""
        return self.home / "config"

    @property
    def properties(self) -> Path:
        """Settings of the application."""
        return self.config / "application.properties"


def layout(settings: Settings, root: Path = Path("/")) -> Layout:
    """Return the product's files as `settings` place them."""
    return Layout(root / settings.settings.home.lstrip("/"), settings.artifact.name)


def datasource(url: str, user: Credentials) -> Dict[str, str]:
    """Return the properties that make the application use the database at `url` as `user`."""
    return {
        "spring.datasource.url": url,
        "spring.datasource.username": properties.literal(user.username),
        "spring.datasource.password": properties.literal(user.password),
    }


def configure(place: Layout, url: str, user: Credentials, group: str = USER) -> bool:
    """Put datasource and clustering option into the product's files; return whether anything changed."""
    changed = _edit(place.properties, lambda old: properties.put(old, datasource(url, user)), group)
    return _edit(place.launch_conf, launch_conf.with_clustering, group) or changed


def _edit(file: Path, change: Callable[[bytes], bytes], group: str) -> bool:
    old = file.read_bytes() if file.is_file() else b""
    return files.write(file, change(old), mode=0o640, group=group)
