"""The OpenAPI document: what the routes say of themselves, and what is true of all of them."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from cloud.access.roles import MAY, PUBLIC
from cloud.api.errors import MEDIA_TYPE, example_problem
from cloud.api.exemplify import Examples
from cloud.api.feed_schemas import LIVE_MESSAGES
from cloud.api.kept_answers import HEADER, KEY_PATTERN, NOT_KEPT
from cloud.api.schemas import Problem

PREFIX: Final = "/api/v1"
_PROBLEMS: Final = {
    400: "The request cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "The address does not know this method",
    409: "The present state does not permit it, or the same request is under way",
    413: "Larger than 256 KiB (a photograph: 5 MiB)",
    415: "The body is not of the media type that is taken",
    422: "Invalid input",
    429: "Too many attempts",
    503: "Not available for the moment",
    504: "The request took too long",
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": _ref("Problem"), "example": example_problem(status)}},
    }
    for status, text in _PROBLEMS.items()
}
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": KEY_PATTERN},
    "description": "The same key twice within 24 h is one request: its answer is given again. "
    "409 while the first one is under way, 422 where the request is another one.",
}


def described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of the routes, with examples, roles, keys, problems and the live feed's messages."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _add_schemas(document)
        examples = Examples(document["components"]["schemas"])
        for path in document["paths"].values():
            for method, operation in path.items():
                _complete(method, operation)
                _show(operation, examples)
        document["components"]["securitySchemes"] = {
            "session": {"type": "apiKey", "in": "cookie", "name": "carebed_session"},
            "token": {"type": "http", "scheme": "bearer"},
        }
        document["security"] = [{"session": []}, {"token": []}]
        app.openapi_schema = document
    return app.openapi_schema


def _add_schemas(document: dict[str, Any]) -> None:
    models = [(model, "serialization") for model in (Problem, *LIVE_MESSAGES)]
    _, extra = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas = document["components"]["schemas"]
    for name, schema in extra["$defs"].items():
        schemas.setdefault(name, schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["LiveMessage"] = {"oneOf": [_ref(model.__name__) for model in LIVE_MESSAGES]}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """What is true of an operation whoever wrote its route."""
    name = operation["operationId"]
    if name in PUBLIC:
        operation["security"] = []
    else:
        operation["x-roles"] = sorted(MAY.get(name, ()))
    if method == "post" and name not in NOT_KEPT:
        others = [one for one in operation.get("parameters", []) if one["name"].lower() != HEADER.lower()]
        operation["parameters"] = [*others, _KEY]


def _show(operation: dict[str, Any], examples: Examples) -> None:
    """An example of each JSON body that is taken or given."""
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [answer.get("content", {}) for answer in operation["responses"].values()]
    for content in contents:
        if "application/json" in content:
            media = content["application/json"]
            media["example"] = examples.of(media["schema"])
