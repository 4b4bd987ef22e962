"""Examples for the API's description: values that people chose, the rest as the schema permits. Pure.

`examples/*.json` names schemas and gives some of their members; `{"$example": "Name"}` takes over another's.
What is not given follows from the schema, so an example stays valid when a shape grows.
"""

import json
from functools import cache
from importlib import resources
from typing import Any, Final

_ID: Final = "019b7a3e-5c00-7000-8000-000000000001"
_FORMATS: Final = {"uuid": _ID, "date-time": "2026-01-01T02:10:00.000Z", "date": "2026-01-01"}
_DEEPEST: Final = 8


@cache
def _chosen() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in resources.files(__package__ or "cloud.api").joinpath("examples").iterdir():
        if entry.name.endswith(".json"):
            found |= json.loads(entry.read_text(encoding="utf-8"))
    return found


class Examples:
    """Examples of a document's schemas."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: dict[str, Any]) -> Any:
        """A value that fits the schema."""
        return self._value(schema, 0)

    def _value(self, schema: dict[str, Any], depth: int) -> Any:
        if "$ref" in schema:
            return self._named(schema["$ref"].rpartition("/")[2], depth)
        for word in ("const", "default", "example"):
            if word in schema:
                return schema[word]
        if "enum" in schema:
            return schema["enum"][0]
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                return None if {"type": "null"} in schema[word] else self._value(schema[word][0], depth)
        return self._plain(schema, depth)

    def _plain(self, schema: dict[str, Any], depth: int) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, {}, depth)
            case "array" if "prefixItems" in schema:
                return [self._value(item, depth + 1) for item in schema["prefixItems"]]
            case "array":
                wanted = schema.get("minItems", 0) or "$ref" in schema.get("items", {})
                return [self._value(schema["items"], depth + 1)] if wanted and depth < _DEEPEST else []
            case "string":
                return _FORMATS.get(schema.get("format", ""), "x" * schema.get("minLength", 0))
            case "integer" | "number":
                return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            case "boolean":
                return False
            case _:
                return None

    def _named(self, name: str, depth: int) -> Any:
        schema, given = self._schemas[name], _members(name)
        if schema.get("type") != "object":
            return self._value(schema, depth)
        return self._object(schema, given, depth)

    def _object(self, schema: dict[str, Any], given: dict[str, Any], depth: int) -> dict[str, Any]:
        fields = schema.get("properties", {})
        value = {name: self._put_in(given[name], depth) for name in fields if name in given}
        for name in schema.get("required", ()):
            if name not in value:
                value[name] = self._value(fields[name], depth + 1)
        return value

    def _put_in(self, value: Any, depth: int) -> Any:
        match value:
            case {"$example": name} if name in self._schemas:
                return self._named(name, depth + 1)
            case {"$example": _}:
                return None
            case list():
                return [self._put_in(item, depth) for item in value]
            case _:
                return value


def _members(name: str) -> dict[str, Any]:
    """What people chose for a schema, with what it takes over."""
    given = dict(_chosen().get(name, {}))
    base = given.pop("$example", None)
    return given if base is None else _members(base) | given
