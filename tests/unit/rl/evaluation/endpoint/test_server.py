"""Which model a server has, and what may be asked of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rl.evaluation.endpoint.server import EndpointError, Server, family_of_name, find_server
from tests.unit.rl.evaluation.endpoint.server import LocalServer, said, send, serving

VLLM = {"id": "tiny", "owned_by": "vllm", "root": "Qwen/Qwen2.5-VL-7B-Instruct"}


def served(models: list[dict[str, Any]] | None) -> Any:
    return serving(lambda handler, body: None, models)


def test_vllm_is_known_by_its_list_of_models_and_tells_its_vision_tokens() -> None:
    server: LocalServer
    with served([VLLM]) as server:
        found = find_server(server.url.removesuffix("/v1"), None)
        assert found == Server(server.url, "tiny", True, True, (7, 9))
        assert found.identity == [server.url, "tiny"]


@pytest.mark.parametrize("status", [200, 400])
def test_vllm_is_asked_whether_it_takes_times_where_nothing_tells_its_family(status: int) -> None:
    with serving(lambda handler, body: send(handler, status, said("x")), [{**VLLM, "root": "/elsewhere/mine"}]) as server:
        assert find_server(server.url, None).needs_metadata == (status == 200)
        (asked,) = server.asked
    assert asked["mm_processor_kwargs"]["video_metadata"][0]["fps"] == 2.0


def test_other_servers_are_sent_nothing_of_vllms() -> None:
    with served([{"id": "gpt", "owned_by": "openai"}, {"id": "other"}]) as server:
        assert find_server(server.url, "gpt") == Server(server.url, "gpt")
        with pytest.raises(EndpointError, match=r"serves gpt, other; say which by --model"):
            find_server(server.url, None)
        with pytest.raises(EndpointError, match=r"must be one of gpt, other, found 'gpd'; did you mean 'gpt'\?"):
            find_server(server.url, "gpd")


def test_a_server_without_a_list_needs_a_name() -> None:
    with served(None) as server:
        assert find_server(server.url, "m") == Server(server.url, "m")
        with pytest.raises(EndpointError, match="lists no models; mend the address, or name the model by --model"):
            find_server(server.url, None)


def test_an_address_where_nobody_answers_is_told() -> None:
    with served([]) as server:
        pass
    with pytest.raises(EndpointError, match=r"/v1 cannot be reached .*; start the server, or mend the address"):
        find_server(server.url, "m")


def test_an_address_with_a_password_is_refused_without_telling_it() -> None:
    with pytest.raises(EndpointError) as refused:
        find_server("http://me:secret@host/v1", "m")
    assert "secret" not in str(refused.value)


def test_the_family_is_that_of_the_folder_or_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_vl"}))
    assert family_of_name(str(tmp_path)) == "qwen3_vl"
    assert family_of_name("Qwen/Qwen3-VL-4B-Instruct") == "qwen3_vl"
    assert family_of_name("someone/llava-1.6") is None


@pytest.mark.parametrize("url", ["http://[::1/v1", "http://localhost:80000", "http://localhost:port/v1"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(EndpointError, match="is no address"):
        find_server(url, "m")


def test_a_key_that_no_request_can_carry_is_told_without_telling_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("sk-se\ncret", "sk-sécret"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with served([{"id": "m"}]) as server, pytest.raises(EndpointError, match="OPENAI_API_KEY holds signs") as refused:
            find_server(server.url, None)
        assert "cret" not in str(refused.value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\r\n")
    with served([{"id": "m"}]) as server:
        find_server(server.url, None)
        assert server.keys == ["Bearer sk-secret"]
