"""What goes over the wire, to the byte, and what the configuration is read as."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from cloud.notifications import proof, providers, templates
from cloud.notifications.aliyun import AliyunAccount, AliyunSms, AliyunTemplate, national, sign
from cloud.notifications.base import Facts
from cloud.notifications.channel import Forged, Incoming, NoTemplate, OutcomeUnknown, Outgoing, Refused
from cloud.notifications.generic import Interface
from cloud.notifications.http import Answer, check_status
from cloud.notifications.notification import back_off, masked
from cloud.notifications.voice import VoiceCall
from cloud.notifications.webhook import permitted

AT = datetime(2026, 1, 1, 2, 10, tzinfo=UTC)
EXAMPLE = Path(providers.__file__).parent / "notifications.example.toml"


def test_the_signature_of_alibabas_own_example() -> None:
    """The request and the signature published in the documentation of 短信服务, 签名机制."""
    parameters = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert sign(parameters, b"testSecret", "GET") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_the_signature_of_the_standard_webhooks_example() -> None:
    """The vector of the specification's own libraries."""
    secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    import base64

    body = b'{"test": 2432232314}'
    signature = proof.signature(base64.b64decode(secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def aliyun() -> AliyunSms:
    account = AliyunAccount(
        access_key_id="id",
        access_key_secret=b"secret",
        sign_name="颐养床位",
        templates={"emergency_contact": AliyunTemplate("SMS_1", {"name": "name"})},
    )
    return AliyunSms(Facts(name="a"), account)


def message(template: str = "emergency_contact", address: str = "13800000000") -> Outgoing:
    return Outgoing(
        id=UUID(int=7),
        address=address,
        template=template,
        params={"name": "王" * 60},
        language="zh",
        priority=1,
        at=AT,
    )


def test_aliyun_variables_are_no_longer_than_they_permit() -> None:
    content = aliyun().content(message())
    assert msgspec.json.decode(content["TemplateParam"]) == {"name": "王" * 35}
    with pytest.raises(NoTemplate):
        aliyun().content(message("chain_gap"))


@pytest.mark.parametrize(
    ("status", "body", "error", "permanent"),
    [
        (200, b'{"Code":"isv.MOBILE_NUMBER_ILLEGAL"}', Refused, True),
        (200, b'{"Code":"isv.BUSINESS_LIMIT_CONTROL"}', Refused, False),
        (400, b'{"Code":"SignatureDoesNotMatch"}', Refused, True),
        (503, b"busy", Refused, False),
        (504, b"gateway", OutcomeUnknown, None),
        (200, b"<html>", OutcomeUnknown, None),
        (200, b"[]", OutcomeUnknown, None),
        (200, b"{}", OutcomeUnknown, None),
    ],
)
def test_what_an_answer_of_aliyun_means(
    status: int, body: bytes, error: type[Exception], permanent: bool | None
) -> None:
    with pytest.raises(error) as caught:
        aliyun().answer(Answer(status, body))
    assert getattr(caught.value, "permanent", None) == permanent


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("+86 138-0000-0000", "13800000000"),
        ("8613800000000", "13800000000"),
        ("13800000000", "13800000000"),
        ("+852 6123 4567", "85261234567"),
    ],
)
def test_numbers_as_aliyun_writes_them(given: str, wanted: str) -> None:
    assert national(given) == wanted


@pytest.mark.parametrize(
    ("status", "permanent"), [(301, True), (400, True), (401, True), (408, False), (429, False), (500, False)]
)
def test_which_statuses_may_go_better_later(status: int, permanent: bool) -> None:
    with pytest.raises(Refused) as caught:
        check_status(Answer(status, b""))
    assert caught.value.permanent is permanent


def test_what_a_provider_says_can_be_kept_whatever_bytes_it_is() -> None:
    call = VoiceCall(Facts(name="v"), Interface(url="http://v/", ok_field="code", ok_value=0))
    with pytest.raises(OutcomeUnknown) as caught:
        call.answer(Answer(200, b"\x1f\x8b\x08\x00\x00 not JSON"))
    assert (str(caught.value).isprintable(), caught.value.reason) == (True, "garbage")
    assert call.answer(Answer(200, rb'{"code": 0, "ref": "a\u0000b"}')).ref == "ab"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "::",
    ],
)
def test_addresses_of_our_own_network_are_not_permitted(address: str) -> None:
    assert not permitted(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1", "223.5.5.5"])
def test_addresses_of_the_internet_are_permitted(address: str) -> None:
    assert permitted(address)


def test_a_report_without_any_secret_configured_is_forged() -> None:
    request = Incoming(query={"token": ""}, headers={"authorization": "Bearer "}, body=b"", now=AT)
    with pytest.raises(Forged):
        proof.check_token(b"", request)
    signed = proof.signed_headers(b"", "1", AT, b"")
    with pytest.raises(Forged):
        proof.check_signed(b"", Incoming(query={}, headers=signed, body=b"", now=AT))


def test_every_template_speaks_both_languages_with_the_same_words() -> None:
    import string

    for key, template in templates.TEMPLATES.items():
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(words) if name}
            for words in (template.zh, template.en)
        ]
        assert fields[0] == fields[1], key


def test_a_clause_without_its_word_is_left_out() -> None:
    words = {"name": "王秀英", "kind": "求助", "place": "胜利小区", "at": "10:10"}
    without = templates.text("emergency_contact", words, "zh")
    assert without.endswith("请立即前往胜利小区。")
    with_phone = templates.text("emergency_contact", words | {"desk_phone": "12349"}, "zh")
    assert with_phone.endswith("请立即前往胜利小区；值班电话12349。")
    assert templates.text("fallback", {"number": None}, "en") == "An emergency: call the desk at once."


def test_a_parameter_cannot_bring_clauses_or_parameters_of_its_own() -> None:
    text = templates.text("attention", {"name": "[{what}]", "what": "{name}", "at": ""}, "zh")
    assert text == "[{what}]：{name}（…）。"


def test_back_off_doubles_and_is_bounded() -> None:
    id = UUID(int=1)
    waits = [back_off(id, 2, n).total_seconds() for n in range(1, 12)]
    assert 12 <= waits[0] <= 18
    assert waits[3] > waits[1]
    assert max(waits) <= 1080
    assert back_off(id, 1, 9).total_seconds() <= 36


def test_addresses_are_shown_masked() -> None:
    assert masked("13812345678") == "138****5678"
    assert masked("120") == "****"
    assert masked("8888888") == "****88"
    assert masked("chief@carebed.cn") == "c***@carebed.cn"


def configured(folder: Path, text: str) -> Path:
    path = folder / "notifications.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "secret").write_text("abc\n")
    return path


def test_the_example_of_the_configuration_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "notifications.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(" = ")
        if key.endswith("_file"):
            (tmp_path / value.split('"')[1]).write_text("secret")
    found = providers.load(path, {"ALIYUN_SECRET": "s"})
    assert found.words == {"desk_phone": "0546-12349"}
    assert [one.channel for one in found.providers] == ["voice", "sms", "sms", "wechat", "email", "webhook"]
    assert found.providers[0].per_minute == 120
    assert found.providers[1].templates == frozenset({"emergency_contact", "fallback"})
    assert providers.load(None).providers == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[provider]]\nname='a'\ndriver='pigeon'", "driver"),
        ("[[provider]]\nname='a'\ndriver='http_sms'", "url"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='ftp://x'", "url"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\nfoo=1", "foo"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\ntoken='abc'", "token_file"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\ntoken_file='gone'", "gone"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\ntoken_env='GONE'", "GONE"),
        ("[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\nper_minute=0", "per_minute|>= 1"),
        ("[[provider]]\nname='a b'\ndriver='http_sms'\nurl='http://x'", "name"),
        ("[[provider]]\ndriver='http_sms'\nurl='http://x'", "name"),
        ("[provider]\nname='a'", "provider"),
        ("other = 1", "provider"),
        ("[[provider", "Expected"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(providers.ProvidersError, match=says):
        providers.load(configured(tmp_path, text), {})


def test_a_name_is_used_once(tmp_path: Path) -> None:
    one = "[[provider]]\nname='a'\ndriver='http_sms'\nurl='http://x'\ntoken_file='secret'\n"
    with pytest.raises(providers.ProvidersError, match="twice"):
        providers.load(configured(tmp_path, one * 2), {})
