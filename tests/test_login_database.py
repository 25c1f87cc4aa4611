"""What stands for a database in scenarios lets in whom it knows by both name and password, and remembers who came."""

import socket
from collections.abc import Iterator

import pytest

from tests.login_database import LoginDatabase, log_in, serving

Place = tuple[str, int]


@pytest.fixture
def database() -> LoginDatabase:
    return LoginDatabase({"one": "secret"})


@pytest.fixture
def place(database: LoginDatabase) -> Iterator[Place]:
    listening = socket.create_server(("127.0.0.1", 0))
    with serving(listening, database):
        yield listening.getsockname()


def admitted(place: Place, user: str, password: str) -> bool:
    return log_in(socket.create_connection(place), user, password)


def test_who_has_name_and_password_is_let_in_and_nobody_else(place: Place, database: LoginDatabase) -> None:
    assert admitted(place, "one", "secret")
    assert not admitted(place, "one", "other")
    assert not admitted(place, "two", "secret")
    assert database.last == {"127.0.0.1": "one"}
    assert database.refused == [("127.0.0.1", "one"), ("127.0.0.1", "two")]


def test_users_come_and_go_while_it_serves(place: Place, database: LoginDatabase) -> None:
    database.users["two"] = "another"
    assert admitted(place, "two", "another")
    del database.users["one"]
    assert not admitted(place, "one", "secret")
    assert database.last == {"127.0.0.1": "two"}


def test_a_client_that_says_nothing_does_no_harm(place: Place) -> None:
    socket.create_connection(place).close()
    assert admitted(place, "one", "secret")
