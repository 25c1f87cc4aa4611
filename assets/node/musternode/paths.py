"""Where everything stands on a node; tests give another root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Files of a node below `root`."""

    root: Path = Path("/")

    @property
    def etc(self) -> Path:
        """Root's own: settings, identity, credentials, what has been reported."""
        return self.root / "etc/muster"

    @property
    def opt(self) -> Path:
        """Programs: one folder for each asset, `current`, and the H2 jar."""
        return self.root / "opt/muster"

    @property
    def run(self) -> Path:
        """Memory only, 0700: argument files with passwords, marks that must not outlive a boot."""
        return self.root / "run/muster"

    @property
    def public(self) -> Path:
        """Memory only, 0755, no secrets: what the member and the gate process say of themselves."""
        return self.root / "run/muster-state"

    @property
    def schema(self) -> Path:
        """Configuration of the one run of the application that makes the schema (memory only, application's group)."""
        return self.root / "run/muster-schema"

    @property
    def data(self) -> Path:
        """Mount point of the data volume."""
        return self.root / "var/lib/muster"

    @property
    def databases(self) -> Path:
        """Base folder of the H2 server."""
        return self.data / "h2"

    @property
    def h2_jar(self) -> Path:
        """The H2 jar taken out of the application's jar."""
        return self.opt / "h2.jar"

    @property
    def current(self) -> Path:
        """Link to the asset in force."""
        return self.opt / "current"

    @property
    def units(self) -> Path:
        """Units of this host."""
        return self.root / "etc/systemd/system"

    @property
    def sysctl(self) -> Path:
        """Kernel settings of Muster."""
        return self.root / "etc/sysctl.d/90-muster.conf"
