"""`carebed-sim far-end`: the simulated far ends of notifications on a port of loopback, with mail."""

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response

from firmware_specs.clock import clock_from
from simulators.far_ends import FarEnds
from simulators.far_mail import MailSink
from simulators.processes import SimulatorError
from simulators.texts import say


async def far_end(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; raises SimulatorError for a port in use."""
    secret = arguments.secret or secrets.token_urlsafe(16)
    far, mail = FarEnds(clock_from(arguments), secret=secret), MailSink()
    try:
        async with serving(far, arguments.port) as url, mail.serving(arguments.smtp_port) as smtp_port:
            sys.stdout.write(say("far_end_ready", url=url, smtp_port=smtp_port, secret=secret) + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
    except OSError as error:
        port = f"{arguments.port}, {arguments.smtp_port}"
        raise SimulatorError(
            say("port_busy", port=port, what="far-end", option="--port / --smtp-port")
        ) from error
    return 0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def far_app(far: FarEnds) -> FastAPI:
    """POST /voice, /sms, /aliyun, /wechat/cgi-bin/..., /webhook/{name}; GET /log; POST /behave."""
    app = FastAPI(openapi_url=None)

    async def generic(kind: str, request: Request) -> Response:
        body = await _fields(request)
        id, to = str(body.get("id", "")), str(body.get("to", ""))
        placed = await far.take(kind, to, id, str(body.get("text", "")), body)
        return placed if isinstance(placed, Response) else _json({"ref": placed.ref})

    @app.post("/{kind:path}")
    async def post(kind: str, request: Request) -> Response:
        match kind.split("/"):
            case ["voice" | "sms"]:
                return await generic(kind, request)
            case ["aliyun"]:
                return await _aliyun(far, request)
            case ["wechat", *rest]:
                return await _wechat(far, rest[-1] if rest else "", request)
            case ["webhook", name]:
                return await _webhook(far, name, request)
            case ["behave"]:
                body = await _fields(request)
                far.behave(str(body.get("number")), *map(str, body.get("endings", ["normal"])))
                return _json({"ok": True})
        return Response(status_code=404)

    @app.get("/log")
    async def log() -> Response:
        return _json([asdict(one) for one in far.placed])

    @app.get("/{kind}")
    async def ask(kind: str, id: str = "") -> Response:
        found = next((one for one in far.placed if one.id == id and one.kind == kind), None)
        if found is None:
            return _json({"error": "unknown"}, 404)
        return Response(far.report(found), media_type="application/json")

    return app


async def _aliyun(far: FarEnds, request: Request) -> Response:
    fields = {key: str(value) for key, value in (await _fields(request)).items()}
    if not far.aliyun_signature_right(fields):
        return _json({"Code": "SignatureDoesNotMatch", "Message": "signature"}, 400)
    if fields["Action"] == "QuerySendDetails":
        sent = [one for one in far.to(fields["PhoneNumber"]) if one.kind == "aliyun"]
        details = [
            {"OutId": one.id, "SendStatus": 2 if one.status == "failed" else 3, "ErrCode": "DELIVERED"}
            for one in sent
        ]
        return _json({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": details}})
    if not fields["TemplateCode"].startswith("SMS_"):
        return _json({"Code": "isv.SMS_TEMPLATE_ILLEGAL", "Message": "template"})
    to, text = fields["PhoneNumbers"], fields["TemplateParam"]
    placed = await far.take("aliyun", to, fields.get("OutId", ""), text, dict(fields))
    return placed if isinstance(placed, Response) else _json({"Code": "OK", "BizId": placed.ref})


async def _wechat(far: FarEnds, what: str, request: Request) -> Response:
    body = await _fields(request)
    if what == "stable_token":
        far.tokens += 1
        return _json({"access_token": f"token-{far.tokens}", "expires_in": 7200})
    if request.query_params.get("access_token") != f"token-{far.tokens}":
        return _json({"errcode": 40001, "errmsg": "invalid credential"})
    text = json.dumps(body.get("data"), ensure_ascii=False)
    placed = await far.take(
        "wechat", str(body.get("touser", "")), str(body.get("client_msg_id", "")), text, body
    )
    return placed if isinstance(placed, Response) else _json({"errcode": 0, "msgid": placed.ref})


async def _webhook(far: FarEnds, name: str, request: Request) -> Response:
    raw = await request.body()
    if not far.webhook_signature_right(request, raw):
        return _json({"error": "wrong signature"}, 401)
    event = json.loads(raw)
    placed = await far.take("webhook", name, str(event["id"]), str(event["type"]), event)
    return placed if isinstance(placed, Response) else Response(status_code=204)


async def _fields(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, media_type="application/json")


@asynccontextmanager
async def serving(far: FarEnds, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback for the length of the block; yields the address."""
    config = uvicorn.Config(
        far_app(far),
        host="127.0.0.1",
        port=port,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(), name="far-ends")
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag and no event
        await asyncio.sleep(0.02)
    if task.done():
        raise OSError(f"port {port} cannot be opened")
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
