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

# Lists that cannot grow: the kinds of readings, `points`, the channels there are, the days of a year.
SHORT_LISTS = {"get_last_readings", "get_trend", "list_channels", "list_holidays", "list_installations"}
Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[tuple[str, Operation]]:
    """Method and description of each."""
    return [(method, one) for methods in document["paths"].values() for method, one in methods.items()]


def test_every_body_that_is_taken_or_given_has_an_example_that_fits(
    document: dict[str, Any], operations: list[tuple[str, Operation]]
) -> None:
    checker = jsonschema.FormatChecker()
    misfits = []
    for _, operation in operations:
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [answer.get("content", {}) for answer in operation["responses"].values()]
        shown = [(kind, media) for content in contents for kind, media in content.items()]
        for kind, media in shown:
            if kind in {"application/json", "application/problem+json"}:
                whole = media["schema"] | {"components": document["components"]}
                validator = jsonschema.Draft202012Validator(whole, format_checker=checker)
                misfits += [
                    (operation["operationId"], error.message)
                    for error in validator.iter_errors(media["example"])
                ]
    assert misfits == []


def test_every_post_takes_a_key_every_list_has_pages_every_refusal_is_a_problem(
    document: dict[str, Any], operations: list[tuple[str, Operation]]
) -> None:
    for method, operation in operations:
        told = operation["operationId"]
        names = [one["name"] for one in operation.get("parameters", [])]
        assert len(names) == len(set(names)), told
        assert ("Idempotency-Key" in names) == (method == "post" and told not in NOT_KEPT), told
        for code in ("400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "503", "504"):
            assert "application/problem+json" in operation["responses"][code]["content"], told
        assert operation["security"] == [] if told in PUBLIC else operation["x-roles"], told
        if method == "get" and told not in SHORT_LISTS and "items" in _fields(document, operation):
            assert "limit" in names, f"{told}: a list has pages"
            assert {"before", "after"} & set(names), f"{told}: a list has pages"


def _fields(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """Of what a request that goes well is answered with."""
    good = next(answer for code, answer in operation["responses"].items() if code.startswith("2"))
    word = good.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document["components"]["schemas"].get(word.rpartition("/")[2], {})
    found: dict[str, Any] = schema.get("properties", {})
    return found


def test_the_description_can_be_cut_short_by_its_reader() -> None:
    reader, writer = os.pipe()
    program = subprocess.Popen(
        [sys.executable, "-m", "cloud", "openapi"], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(reader)
    os.close(writer)
    _, said = program.communicate(timeout=60)
    assert (program.returncode, said) == (141, "")
