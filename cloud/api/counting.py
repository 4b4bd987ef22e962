"""How long requests take, by the kind of answer: never by address or caller."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud import metrics


class Counted:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure until the answer is complete; one that breaks off counts as 5xx."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            metrics.REQUEST_S.labels(f"{status // 100}xx").observe(time.perf_counter() - began)
