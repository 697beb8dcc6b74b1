"""Variables on their way to actors: which are set there, and what is shown of them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from actors import forwarding
from actors.forwarding import Forwarded, _forwarding, forward

SECRET = "s3cr3t-value"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No variable that would be forwarded, and nothing kept of what the test forwards."""
    monkeypatch.setattr("os.environ", {"PATH": "/bin"})
    monkeypatch.setitem(forwarding._given, "variables", Forwarded())
    return monkeypatch


def test_only_names_are_shown() -> None:
    given = Forwarded({"MY_KEY": SECRET, "HF_HOME": "/models"}, frozenset({"HF_HOME"}))
    assert repr(given) == str(given) == f"{given}" == "Forwarded(MY_KEY, HF_HOME)"
    assert pickle.loads(pickle.dumps(given)) == given


def test_what_the_run_says_comes_before_a_node_and_what_a_node_says_stays(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    bare.setattr("os.environ", {"HF_TOKEN": "node's", "https_proxy": "http://node's"})
    values = {"HF_TOKEN": SECRET, "HTTPS_PROXY": "http://p", "HF_HOME": str(tmp_path), "SSL_CERT_FILE": "/not/here.pem"}
    values["SSL_CERT_DIR"] = f"/{'long' * 100}"  # which the system refuses to look at, as it does what lies in another's home
    names = Forwarded(values, frozenset(values) - {"HF_TOKEN"}).set_here()
    assert names == ["HF_TOKEN", "HF_HOME"]
    assert os.environ == {"HF_TOKEN": SECRET, "https_proxy": "http://node's", "HF_HOME": str(tmp_path)}


def test_what_workers_get_in_another_way_is_left_out(bare: pytest.MonkeyPatch) -> None:
    bare.setattr(
        "os.environ", {"HF_TOKEN": SECRET, "HF_HOME": "/h", "VLLM_LOGGING_LEVEL": "ERROR", "MY_KEY": SECRET, "OTHER": "x"}
    )
    forward(["MY_*"], {"VLLM_LOGGING_LEVEL"})
    given = forwarding._given["variables"]
    values = {"HF_HOME": "/h", "HF_TOKEN": SECRET, "MY_KEY": SECRET}
    assert given == Forwarded(values, frozenset({"HF_HOME"}), frozenset({"VLLM_LOGGING_LEVEL"}))
    more = given.with_those(["OTHER", "PATH", "NOT_SET", "VLLM_LOGGING_LEVEL"])
    assert more.values.keys() == {*values, "OTHER"}
    assert more.elsewhere == given.elsewhere


class Actor:
    """Notes what it finds when it is made."""

    def __init__(self, name: str) -> None:
        import os

        self.name, self.found = name, os.environ.get("MY_KEY")


def test_an_actor_finds_its_variables_when_it_is_made(bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given = Forwarded({"MY_KEY": SECRET})
    actor = _forwarding(Actor)(given, "mine")
    assert isinstance(actor, Actor)
    assert type(actor).__name__ == "Actor"
    assert (actor.name, actor.found) == ("mine", SECRET)
    assert capsys.readouterr().out == "variables from the driver: MY_KEY\n"
    assert forwarding._given["variables"] == given, "what it starts is given the same"


def test_an_actors_own_machine_is_reached_past_the_proxy_of_its_node(bare: pytest.MonkeyPatch) -> None:
    import os

    bare.setattr("os.environ", {"HTTP_PROXY": "http://node's", "NO_PROXY": "node"})
    forwarding._receive(Forwarded({"NO_PROXY": "driver"}, frozenset({"NO_PROXY"})))
    assert os.environ["NO_PROXY"] == "node,localhost,127.0.0.1,::1"
