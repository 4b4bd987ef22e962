"""The API's description is whole: examples that fit, keys, pages, problems, roles; and it can be piped."""

import os
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

from cloud.access.roles import PUBLIC
from cloud.api.app import openapi
from cloud.api.kept_answers import NOT_KEPT

DOCUMENT = openapi()
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]
# Lists that cannot grow: the kinds of readings, `points`, the channels there are, the days of a year.
SHORT_LISTS = {"get_last_readings", "get_trend", "list_channels", "list_holidays", "list_installations"}


def fits(value: Any, schema: dict[str, Any]) -> None:
    whole = schema | {"components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_body_that_is_taken_or_given_has_an_example_that_fits(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [answer.get("content", {}) for answer in operation["responses"].values()]
    shown = [(kind, media) for content in contents for kind, media in content.items()]
    for kind, media in shown:
        if kind in {"application/json", "application/problem+json"}:
            fits(media["example"], media["schema"])


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_post_takes_a_key_every_list_has_pages_every_refusal_is_a_problem(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    names = [one["name"] for one in operation.get("parameters", [])]
    assert len(names) == len(set(names))
    assert ("Idempotency-Key" in names) == (method == "post" and operation["operationId"] not in NOT_KEPT)
    for code in ("400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "503", "504"):
        assert "application/problem+json" in operation["responses"][code]["content"]
    if operation["operationId"] in PUBLIC:
        assert operation["security"] == []
    else:
        assert operation["x-roles"]
    good = next(answer for code, answer in operation["responses"].items() if code.startswith("2"))
    word = good.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = DOCUMENT["components"]["schemas"].get(word.rpartition("/")[2], {})
    if (
        method == "get"
        and "items" in schema.get("properties", {})
        and operation["operationId"] not in SHORT_LISTS
    ):
        assert "limit" in names, "a list has pages"
        assert {"before", "after"} & set(names), "a list has pages"


def test_the_description_can_be_cut_short_by_its_reader() -> None:
    reader, writer = os.pipe()
    program = subprocess.Popen(
        [sys.executable, "-m", "cloud", "openapi"], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(reader)
    os.close(writer)
    _, said = program.communicate(timeout=60)
    assert (program.returncode, said) == (141, "")
