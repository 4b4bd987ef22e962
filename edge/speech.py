"""Spoken prompts: a recorded file where there is one, else a speech program that the configuration names.
No shell is involved.
"""

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.help_settings import SpeechSection

log = logging.getLogger(__name__)

PROMPTS: Final[dict[str, tuple[str, str]]] = {
    "ask_fall": (
        "您摔倒了吗？如果没事，请按取消键。否则马上为您求助。",
        "Did you fall? If you are well, press the cancel button. Otherwise help is called now.",
    ),
    "ask_fall_again": (
        "再问一次：您没事吗？没事请按取消键。",
        "Asking again: are you well? If so, press the cancel button.",
    ),
    "ask_inactivity": (
        "好久没有看到您活动了。如果没事，请动一动或按取消键。否则马上通知服务中心。",
        "You have not moved for a long time. If you are well, move about or press the cancel button. "
        "Otherwise the service centre is told now.",
    ),
    "cancelled": ("好的，已经取消。", "All right, it is cancelled."),
    "received": ("已收到。您的求助已经送达服务中心。", "Received. The service centre has your call."),
    "claimed": ("值班人员正在处理您的求助。", "An operator has your call."),
    "alone_sos": (
        "暂时联系不上服务中心，正在用别的办法为您求助。",
        "The service centre cannot be reached. Help is being called another way.",
    ),
    "alone_fall": (
        "暂时联系不上服务中心，正在用别的办法为您求助。请不要急着起身。",
        "The service centre cannot be reached. Help is being called another way. Do not hurry to get up.",
    ),
    "alone_smoke": (
        "有烟雾！请马上离开屋子，到外面拨打119。",
        "Smoke! Leave the house at once and call 119 from outside.",
    ),
    "alone_co": (
        "一氧化碳超标！请马上开窗，离开屋子，到外面拨打120。",
        "Carbon monoxide! Open the windows, leave the house, and call 120 from outside.",
    ),
    "family_told": ("已经给您的家人发了短信。", "Your family has been sent a message."),
}


@dataclass(frozen=True)
class Speech:
    """Says prompts, one at a time."""

    settings: SpeechSection

    def command(self, prompt: str) -> list[str]:
        """The program and its arguments for a prompt; empty when nothing can say it."""
        zh, en = PROMPTS.get(prompt, ("", ""))
        text = zh if self.settings.language == "zh" else en
        if self.settings.sounds is not None:
            file = Path(self.settings.sounds) / f"{prompt}.wav"
            if file.is_file():
                return [part.replace("{file}", str(file)) for part in self.settings.player]
        return [part.replace("{text}", text) for part in self.settings.command] if text else []

    async def say(self, prompt: str) -> bool:
        """Speak to the end, at most `limit_s`; True when the program ended well."""
        command = self.command(prompt)
        if not command:
            return False
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            log.error("cannot speak", extra={"action": "speech_failed", "reason": str(error)})
            return False
        try:
            async with asyncio.timeout(self.settings.limit_s):
                code = await process.wait()
        except TimeoutError:
            code = None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code != 0:
            log.error(
                "the speech program failed", extra={"action": "speech_failed", "prompt": prompt, "code": code}
            )
        return code == 0
