import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.compare import differences
from tests.conformance.families import FAMILIES
from tests.conformance.kit import check
from tests.conformance.samples import Sample, given_bytes, read_folder
from tests.edge.drivers.replays import assert_same_in_pieces

OWN = read_folder(Path(__file__).parent)
VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
SAMPLES = read_folder(VECTORS) if VECTORS.is_dir() else []


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"watch_framing"}))
def test_what_the_pages_say_is_decoded_as_expected(family: str) -> None:
    samples = [sample for sample in OWN if sample.family == family]
    report = check(samples, FAMILIES)
    assert len(samples) >= 6
    assert report.failures == []


@pytest.mark.skipif(not SAMPLES, reason="no ../shared/vectors beside the checkout")
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_real_messages_decode_as_expected(family: str) -> None:
    report = check([sample for sample in SAMPLES if sample.family == family], FAMILIES)
    assert report.samples[family]
    assert report.failures == []


_STREAMS = {
    "watch_uplink": "watch",
    "watch_framing": "watch",
    "trv_iw": "trv",
    "gt06": "gt06",
    "jt808": "jt808",
}


@pytest.mark.skipif(not SAMPLES, reason="no ../shared/vectors beside the checkout")
@pytest.mark.parametrize("family", sorted(_STREAMS))
def test_real_messages_mean_the_same_in_every_way_they_can_arrive(family: str) -> None:
    frames = [given_bytes(sample.given) for sample in SAMPLES if sample.family == family]
    for frame in frames:
        assert_same_in_pieces(_STREAMS[family], [frame])
    assert_same_in_pieces(_STREAMS[family], frames)


def test_headings_lines_and_file_names_tell_the_family(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.md").write_text(
        '# head\n## knocks — two (2)\n```jsonl\n{"in": "x", "want": 1}\n{rubbish\n'
    )
    lines = [
        {"in_hex": "00", "want": 2},
        {"family": "taps", "in": "y", "want_hex": ["00"], "peer": "p"},
        {"in": ""},
    ]
    (tmp_path / "rings.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "other.txt").write_text('{"in": "z", "want": 3}')
    samples = read_folder(tmp_path)
    assert [sample.family for sample in samples] == ["knocks", "knocks", "rings", "taps", "rings"]
    assert [sample.broken is None for sample in samples] == [True, False, True, True, False]
    assert (samples[3].given, samples[3].want) == ({"in": "y"}, {"want_hex": ["00"]})


def test_what_no_driver_reads_has_failed_and_the_last_line_counts_every_sample() -> None:
    def echo(given: dict[str, Any]) -> dict[str, Any]:
        return {"want": {"text": given["in"]}}

    samples = [
        Sample("echo", "a:1", {"in": "x"}, {"want": {"text": "x", "traccar_alarm": "sos"}}),
        Sample("echo", "a:2", {"in": "x"}, {"want": {"text": "y"}}),
        Sample("echo", "a:3", {}, {"want": {"text": "y"}}),
        Sample("echo", "a:4", {}, {}, broken="not JSON"),
        Sample("smoke signals", "a:5", {"in": "x"}, {"want": {}}),
    ]
    report = check(samples, {"echo": echo})
    assert report.lines() == ["echo: 1 of 4", "smoke signals: 0 of 1", "conformance: 1 of 5"]
    assert [line.split(": ")[0] for line in report.failures] == [
        "a:2 echo",
        "a:3 echo",
        "a:4 echo",
        "a:5 smoke signals",
    ]
    assert report.failures[0] == "a:2 echo: want.text: want 'y', got 'x'"


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ({"a": 1, "len_field": 3}, {"a": 1.0, "b": 2}, True),
        ({"ack": None}, {}, True),
        ({"on": True}, {"on": 1}, False),
        ({"lat": 22.549677}, {"lat": 22.5496767}, True),
        ({"lat": 22.549677}, {"lat": 22.5497}, False),
        ([["sos", True]], [["battery_pct", 9], ["sos", True]], True),
        ([["sos", True]], [["sos", False]], False),
        ([{"rssi": 1}], [{"rssi": 1}, {"rssi": 2}], False),
        ("IWBP00,<yyyyMMddHHmmss UTC>,0#", "IWBP00,20260206181000,0#", True),
        ("IWBP00,<yyyyMMddHHmmss UTC>,0#", "IWBP00,0#", False),
        ({"a": {"b": 1}}, {"a": None}, False),
    ],
)
def test_what_agrees(want: Any, got: Any, same: bool) -> None:
    assert (not list(differences(want, got))) is same
