"""Settings, the data folder, the logs and what the command line says."""

import json
import logging
from pathlib import Path
from string import Formatter

import pytest

from cloud import config, logs, texts
from cloud.broker import Address
from cloud.config import ConfigError, DataDir
from firmware_specs.clock import Clock


def test_a_brokers_address_is_read_with_its_credentials() -> None:
    assert Address.parse("mqtt://u:p%40ss@h:18830") == Address("h", 18830, "u", "p@ss", tls=False)
    assert Address.parse("mqtts://h") == Address("h", 8883, None, None, tls=True)
    for wrong in ("http://h", "mqtt://", "h:1883", "mqtt://h:port"):
        with pytest.raises(ValueError, match=r"."):
            Address.parse(wrong)


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(config.DATABASE_URL, "postgresql:///x")
    monkeypatch.delenv(config.BROKER_URL, raising=False)
    with pytest.raises(ConfigError, match="CAREBED_BROKER_URL"):
        config.from_environment(Clock())


def test_the_data_folder_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CAREBED_DATA_DIR", str(tmp_path))
    assert config.default_data_dir() == tmp_path


def test_nothing_runs_on_a_folder_whose_process_is_gone(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with pytest.raises(ConfigError, match=str(tmp_path)):
        data.running()
    data.say_running({"pid": 2**22 + 1})
    with pytest.raises(ConfigError):
        data.running()


def test_service_secrets_and_their_verifiers_never_change(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    first = data.service_secrets(), data.service_logins()
    assert first == (DataDir(tmp_path).service_secrets(), DataDir(tmp_path).service_logins())
    assert (tmp_path / "services.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/data"):
        DataDir(tmp_path / "file" / "data").make()


def test_every_sentence_is_there_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, both in texts._TEXTS.items():
        values = {name: "x" for text in both for _, name, _, _ in Formatter().parse(text) if name}
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        english = texts.text(key, **values)
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        chinese = texts.text(key, **values)
        assert english.isascii()
        assert not chinese.isascii()


def test_a_log_line_is_one_json_object_with_its_ids() -> None:
    record = logging.makeLogRecord(
        {
            "name": "cloud.x",
            "levelname": "WARNING",
            "msg": "gone %s",
            "args": ("away",),
            "action": "lost",
            "id": 7,
        }
    )
    line = json.loads(logs.JsonLines("ingest").format(record))
    assert line.pop("time")
    assert line == {"level": "warning", "program": "ingest", "event": "lost", "text": "gone away", "id": 7}
