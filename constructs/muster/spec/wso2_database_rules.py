"""What must hold between the fields about the database of WSO2 Application Server: one pure function a rule."""

from collections.abc import Iterator
from typing import Final

from muster.products.wso2_as import Wso2As
from muster.products.wso2_as_fields import Wso2Database
from muster.spec.account_rules import elsewhere
from muster.spec.finding import Finding
from muster.spec.model import Cluster

_DATABASE: Final = ("wso2as", "database")
_URL: Final = (*_DATABASE, "url")
_SECRET: Final = (*_DATABASE, "secret")
_ENGINE: Final = (*_DATABASE, "engine")
_OF_A_MADE_ONE: Final = {"instance_class": "class", "storage": "storage", "multi_az": "multi_az"}


def _of(cluster: Cluster) -> Wso2Database | None:
    own = getattr(cluster, cluster.about.field)
    return own.database if isinstance(own, Wso2As) else None


def a_database_that_is_there_or_made(cluster: Cluster) -> Iterator[Finding]:
    """Demand an address or an engine, and not both."""
    own = _of(cluster)
    if own and own.url is None and own.engine is None:
        what = "says no database, want url and secret (of one that is there), or engine (of one that is made)"
        yield Finding(_DATABASE, what, (_URL, _ENGINE))
    if own and own.url and own.engine:
        what = f"got '{own.engine}' beside a url, want url (one that is there) or engine (one that is made)"
        yield Finding(_ENGINE, what, (_URL,))


def a_secret_for_a_database_that_is_there(cluster: Cluster) -> Iterator[Finding]:
    """Demand the user of a database that is there, in the cluster's region and account, and of no other."""
    own = _of(cluster)
    if own is None:
        return
    if own.url and own.secret is None:
        what = 'is missing, want the ARN of a secret with the user: {"username": ..., "password": ...}'
        yield Finding(_SECRET, what, (_URL,))
    if own.secret and own.engine and own.url is None:
        what = "is for a database that is there (url): for one that is made, user and password are made too, want none"
        yield Finding(_SECRET, what, (_ENGINE, _URL))
    if own.secret:
        yield from elsewhere(cluster, _SECRET, "secret", own.secret)


def a_size_for_a_database_that_is_made(cluster: Cluster) -> Iterator[Finding]:
    """Demand class, storage and stand-by only where they mean something."""
    own = _of(cluster)
    for name, field in _OF_A_MADE_ONE.items() if own and own.url and own.engine is None else ():
        if own and name in own.model_fields_set:
            what = "is for a database that is made (engine), but this one is there already (url), want none"
            yield Finding((*_DATABASE, field), what, (_URL, _ENGINE))


def a_way_to_the_database(cluster: Cluster) -> Iterator[Finding]:
    """Demand a way out of a VPC of the cluster's own to a database that is there, which no endpoint leads to."""
    own = _of(cluster)
    if own and own.url and cluster.network.vpc is None and cluster.network.egress == "endpoints":
        what = "got 'endpoints', by which no node of a VPC of the cluster's own reaches its database"
        want = "want nat or nat-per-zone, network.vpc: a VPC from which it is reached, or database.engine"
        yield Finding(("network", "egress"), f"{what}, {want}", (_DATABASE, ("network", "vpc")))


WSO2_DATABASE_RULES: Final = (
    a_database_that_is_there_or_made,
    a_secret_for_a_database_that_is_there,
    a_size_for_a_database_that_is_made,
    a_way_to_the_database,
)
