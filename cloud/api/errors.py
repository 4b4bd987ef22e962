"""Every refusal leaves as application/problem+json in Chinese and English; a 500 tells nothing else."""

import logging
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg import DataError, IntegrityError, OperationalError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from cloud.access.errors import CareBedError, Conflict, InvalidInput, TooManyAttempts

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

# HTTP status: fixed word, Chinese, English.
_PLAIN: Final[dict[int, tuple[str, str, str]]] = {
    400: ("bad-request", "请求无法解读", "The request cannot be read"),
    401: ("not-signed-in", "未登录", "Not signed in"),
    403: ("not-allowed", "没有权限", "Not allowed"),
    404: ("not-found", "没有这个地址", "There is no such address"),
    405: ("method-not-allowed", "不支持的方法", "Method not allowed"),
    409: ("conflict", "状态冲突", "Conflict"),
    413: ("too-large", "请求内容过大", "The request is too large"),
    415: ("not-json", "请求内容须为 application/json", "The body must be application/json"),
    422: ("invalid-input", "输入有误", "Invalid input"),
    429: ("too-many-attempts", "尝试次数过多", "Too many attempts"),
    500: ("internal", "服务器内部错误", "Internal error"),
    503: ("unavailable", "服务暂不可用，请稍后再试", "Not available for the moment, try again"),
    504: ("timeout", "处理超时，请重试", "The request took too long, try again"),
}


def problem(status: int, zh: str = "", en: str = "", **members: Any) -> Response:
    """A problem document of an HTTP status; empty words are the status's own."""
    word, title_zh, title = _PLAIN.get(status, _PLAIN[400 if status < 500 else 500])
    return _document(status, word, title_zh, title, zh or title_zh, en or title, members)


def _document(
    status: int, word: str, title_zh: str, title: str, zh: str, en: str, members: dict[str, Any]
) -> Response:
    body = _members(status, word, title_zh, title) | {"detail": en, "detail_zh": zh} | members
    return Response(msgspec.json.encode(body), status, media_type=MEDIA_TYPE)


def _members(status: int, word: str, title_zh: str, title: str) -> dict[str, Any]:
    return {"type": f"carebed:{word}", "title": title, "title_zh": title_zh, "status": status}


def example_problem(status: int) -> dict[str, Any]:
    """How a refusal of this status looks, for the API's description."""
    word, title_zh, title = _PLAIN[status]
    return _members(status, word, title_zh, title) | {"detail": title, "detail_zh": title_zh}


def domain_problem(error: CareBedError) -> Response:
    """A domain error as it carries itself."""
    response = _document(
        error.status, error.type, error.title_zh, error.title, error.zh, error.en, error.members
    )
    if isinstance(error, TooManyAttempts) and "retry_after_s" in error.members:
        response.headers["Retry-After"] = str(error.members["retry_after_s"])
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _mistakes(error: RequestValidationError) -> list[dict[str, str]]:
    """Which fields are wrong and why, without the values: they may be secret, or not encodable."""
    return [
        {"field": ".".join(_printable(part) for part in item["loc"]), "message": _printable(item["msg"])}
        for item in error.errors()[:20]
    ]


def _printable(value: object) -> str:
    return str(value)[:200].encode("utf-8", "replace").decode()


async def _domain(_: Request, error: CareBedError) -> Response:
    return domain_problem(error)


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    mistakes = _mistakes(error)
    fields = ", ".join(mistake["field"] for mistake in mistakes)
    return problem(422, f"以下字段有误：{fields}", f"these fields are wrong: {fields}", errors=mistakes)


async def _plain(_: Request, error: HTTPException) -> Response:
    response = problem(error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _unstorable(request: Request, error: DataError) -> Response:
    _log("value_refused", "value refused by the database", request, sqlstate=error.sqlstate)
    return domain_problem(InvalidInput("有数值无法保存", "a value cannot be stored"))


async def _clash(request: Request, error: IntegrityError) -> Response:
    _log("change_refused", "change refused by the database", request, sqlstate=error.sqlstate)
    return domain_problem(Conflict("与已有数据冲突", "it clashes with what is stored"))


async def _away(request: Request, error: Exception) -> Response:
    _log("database_away", "database did not answer", request, error=type(error).__name__)
    response = problem(503)
    response.headers["Retry-After"] = "2"
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error(
        "request failed", exc_info=error, extra={"action": "request_failed", "path": request.url.path}
    )
    return problem(500)


def _log(action: str, text: str, request: Request, **facts: str | None) -> None:
    logger.warning(text, extra={"action": action, "path": request.url.path, **facts})


_HANDLERS: Final[tuple[tuple[type[Exception], Any], ...]] = (
    (CareBedError, _domain),
    (RequestValidationError, _invalid),
    (HTTPException, _plain),
    (DataError, _unstorable),
    (IntegrityError, _clash),
    (OperationalError, _away),
    (PoolTimeout, _away),
    (Exception, _unexpected),
)


def install(app: FastAPI) -> None:
    """Register the handlers; a database that is away is a 503, what PostgreSQL cannot store a 422."""
    for kind, handler in _HANDLERS:
        app.add_exception_handler(kind, handler)
