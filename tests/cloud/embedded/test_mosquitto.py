"""The installed mosquitto: what is said where there is none, and a user without a name."""

import os
import shutil
from pathlib import Path

import pytest

from cloud.broker import mosquitto_files
from cloud.embedded import mosquitto, process


def test_a_machine_without_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    for language, said in (("zh_CN.UTF-8", "没有安装 mosquitto"), ("C", "is not installed here")):
        monkeypatch.setenv("LC_ALL", language)
        with pytest.raises(process.ProgramError, match=said):
            mosquitto.prepare(tmp_path)


def test_whoever_runs_it_needs_no_name_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container gives its program any number."""
    monkeypatch.setattr(os, "geteuid", lambda: 1_234_567)
    broker = mosquitto.Broker(Path("mosquitto"), tmp_path)
    assert mosquitto.write_config(broker, mosquitto_files([], []))
    assert not mosquitto.write_config(broker, mosquitto_files([], []))
