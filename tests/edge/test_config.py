"""A wrong configuration is named with its line and key."""

import os
from pathlib import Path

import pytest

from edge import config, texts
from edge.config import ConfigError

GOOD = """gateway = "gw-1"
broker_url = "mqtt://127.0.0.1:18830"
[[transport]]
type = "tcp"
driver = "watch"
port = 5093
[[transport]]
type = "mqtt"
driver = "zigbee2mqtt"
base_topic = "z2m"
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


def test_the_example_is_valid_and_its_paths_count_from_its_folder() -> None:
    path = Path(__file__).parents[2] / "edge" / "config.example.toml"
    loaded = config.load(path)
    assert loaded.gateway == "gw-demo-1"
    assert Path(loaded.data_dir) == path.parent / "edge-data"
    assert loaded.secret_file == str(path.parent / "gateway.secret")
    assert [entry.driver for entry in loaded.transport] == ["watch", "wrist_accelerometer", "zigbee2mqtt"]


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("port = 5093", "port = 70000", 6, "70000|65535|port"),
        ("port = 5093", 'port = "5093"', 6, "int"),
        ("port = 5093", "prot = 5093", 6, "prot"),
        ('type = "tcp"', 'type = "usb"', 4, "usb"),
        ('base_topic = "z2m"', "base_topic = 1", 10, "str"),
        ('gateway = "gw-1"', 'gateway = "GW 1"', 1, "gateway|pattern"),
        ('gateway = "gw-1"', "", 1, "gateway"),
        ("mqtt://127.0.0.1:18830", "http://127.0.0.1:18830", 2, "mqtt://"),
        ('gateway = "gw-1"', 'gateway = "gw-1"\nmetred = true', 2, "metred"),
        ('gateway = "gw-1"', "gateway = gw-1", 1, "line 1"),
    ],
)
def test_an_error_names_the_line_and_the_key(old: str, new: str, line: int, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        config.parse(GOOD.replace(old, new), "edge.toml")
    assert f"line {line}" in str(caught.value)


def test_a_password_in_an_address_is_not_repeated() -> None:
    for url in ("ftp://user:hidden@host", "mqtt://user:a/hidden@host", "mqtt://user:a@hidden@host:x"):
        with pytest.raises(ConfigError) as caught:
            config.broker(url)
        assert "hidden" not in str(caught.value)
    assert config.broker("mqtt://user:a%2Fb%40c@host").password == "a/b@c"


def test_addresses_have_the_usual_ports() -> None:
    assert config.broker("mqtt://host").port == 1883
    secure = config.broker("mqtts://user:pass@host")
    assert (secure.port, secure.tls, secure.username, secure.password) == (8883, True, "user", "pass")
    for wrong in ("mqtt://", "mqtt://host:99999", "host:1883"):
        with pytest.raises(ConfigError):
            config.broker(wrong)


def test_the_secret_comes_from_the_environment_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    settings = config.Config(gateway="gw-1", secret_file=str(file))
    with pytest.raises(ConfigError, match="secret"):
        config.secret(settings)
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="empty"):
        config.secret(settings)
    file.write_text("from the file\n", encoding="utf-8")
    assert config.secret(settings) == "from the file"
    monkeypatch.setenv("CAREBED_GATEWAY_SECRET", "from the environment")
    assert config.secret(settings) == "from the environment"
    monkeypatch.delenv("CAREBED_GATEWAY_SECRET")
    with pytest.raises(ConfigError, match="CAREBED_GATEWAY_SECRET"):
        config.secret(config.Config(gateway="gw-1"))


def test_a_metered_link_batches_each_minute() -> None:
    assert config.Config(gateway="g", metered=True, batch_s=10).effective_batch_s() == 60
    assert config.Config(gateway="g", batch_s=10).effective_batch_s() == 10


def test_texts_follow_the_locale_and_both_languages_take_the_same_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert texts.say("all_good").startswith("Everything")
    monkeypatch.delenv("LC_ALL")
    monkeypatch.setenv("LC_MESSAGES", "")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert texts.say("all_good") == "一切正常。"
    for name, (zh, en) in texts.TEXTS.items():
        assert fields(zh) == fields(en), name
    assert os.environ["LANG"] == "zh_CN.UTF-8"


def fields(text: str) -> set[str]:
    import string

    return {field for _, field, _, _ in string.Formatter().parse(text) if field}
