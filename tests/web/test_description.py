"""The API's description: enough of it that somebody else can write a front end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.web.app import create_app
from integrations.web.chat import AnswerOut, Begun, Incoming, MessagesOut, SessionOut
from integrations.web.errors import ErrorOut
from tests.web.conftest import Browser, problem

UNSAFE = ("post", "put", "patch", "delete")
# Their answers have the forms of WeChat and of monitoring.
NOT_OURS = {"/wechat", "/health", "/health/live"}
ERROR = {"$ref": "#/components/schemas/ErrorOut"}


@pytest.fixture
def document(services: Services) -> dict[str, Any]:
    """With every route that there can be."""
    account = dict.fromkeys(("wechat_appid", "wechat_secret", "wechat_token"), "of the test")
    settings = services.settings.model_copy(update={"wechat_mode": "plain", **account})
    made = create_app(bootstrap.build(settings, **services.replacements))
    return dict(TestClient(made).get("/api/openapi.json").json())


def routes(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            yield method, path, said


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_it_is_there_with_every_route_and_the_order_of_calls(document: dict[str, Any]) -> None:
    paths = [f"{method} {path}" for method, path, _ in routes(document)]
    assert len(paths) >= 40
    assert {"post /wechat", "post /api/chat/wechat-media", "get /api/chat/stream"} <= set(paths)
    order = [
        document["info"]["description"].index(path) for path in ("chat/session", "chat/stream", "POST /api/chat/m")
    ]
    assert order == sorted(order)


def test_every_route_says_what_it_does_and_what_it_takes(document: dict[str, Any]) -> None:
    for method, path, said in routes(document):
        name = f"{method} {path}"
        assert said["summary"] and said["operationId"] and said["tags"], name
        assert said.get("description") or path == "/health/live", name
        for parameter in said.get("parameters", ()):
            assert parameter.get("description") and parameter.get("schema"), (name, parameter["name"])
        for content in said.get("requestBody", {}).get("content", {}).values():
            assert content.get("schema"), name


def test_every_success_has_a_shape(document: dict[str, Any]) -> None:
    for method, path, said in routes(document):
        (status,) = [one for one in said["responses"] if one < "300"]
        answer = said["responses"][status]
        if status == "200":
            assert answer.get("content"), (method, path)
            assert all(one.get("schema") for one in answer["content"].values()), (method, path)
        else:
            assert "content" not in answer, (method, path)


def test_every_error_is_named_in_our_form(document: dict[str, Any]) -> None:
    for method, path, said in routes(document):
        errors = {status: answer for status, answer in said["responses"].items() if status >= "400"}
        assert all(answer["description"] for answer in errors.values()), (method, path)
        if path in NOT_OURS:
            continue
        for status, answer in errors.items():
            assert answer["content"]["application/json"]["schema"] == ERROR, (method, path, status)
        assert errors, (method, path)
        if path.startswith(("/api/chat", "/api/tickets")):
            assert "503" in errors, (method, path)
            assert "401" in errors or path == "/api/chat/session", (method, path)
            assert method not in UNSAFE or "403" in errors, (method, path)
            assert method not in UNSAFE or "429" in errors, (method, path)


def test_every_shape_is_described_and_every_name_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(references(document)) <= {f"#/components/schemas/{name}" for name in schemas}
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    unsaid = [name for name, shape in schemas.items() if not shape.get("description")]
    assert [name for name in unsaid if not name.startswith("Body_")] == []


SHAPES: list[tuple[type[BaseModel], int]] = [
    (Begun, 2), (SessionOut, 1), (Incoming, 3), (MessagesOut, 2), (AnswerOut, 2), (ErrorOut, 2),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "count"), SHAPES)
def test_the_examples_are_what_they_are_examples_of(
    document: dict[str, Any], shape: type[BaseModel], count: int
) -> None:
    examples = document["components"]["schemas"][shape.__name__]["examples"]
    assert len(examples) == count
    for example in examples:
        fields = {name: value for name, value in example.items() if name != "messages"}
        assert set(fields) <= set(shape.model_json_schema(mode="serialization")["properties"])
        shape.model_validate(_by_name(example))


def _by_name(example: Any) -> Any:
    """What goes out as `from` is called `sender` inside."""
    if isinstance(example, list):
        return [_by_name(one) for one in example]
    if isinstance(example, dict):
        return {("sender" if name == "from" else name): _by_name(value) for name, value in example.items()}
    return example


def test_the_example_of_a_line_has_every_field_of_a_real_one(document: dict[str, Any], browser: Browser) -> None:
    real = browser.say("路灯坏了")
    for example in document["components"]["schemas"]["AnswerOut"]["examples"][0]["messages"]:
        assert set(example) == set(real[0])


def test_what_is_said_to_be_refused_is_refused_in_that_form(document: dict[str, Any], browser: Browser) -> None:
    described = document["components"]["schemas"]["Problem"]["properties"]
    for answer in (browser.post({"id": "x"}), browser.client.get("/api/chat/messages?after=x")):
        assert set(problem(answer, 422)) == set(described)
