"""Dashboard and alert rules name figures that are exported, with labels that these have."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY, Metric

from cloud import config, metrics
from cloud.database.pool import Connection
from cloud.operations.figures import HELP, Figures
from cloud.operations.gathering import UP
from tests.cloud import town
from tests.cloud.town import NOW

DEPLOY = Path(config.__file__).parent / "deploy"
_ENDINGS = {
    "histogram": ("_bucket", "_count", "_sum"),
    "counter": ("_total",),
}
_PROCESS = {"process_resident_memory_bytes": set[str](), "process_cpu_seconds_total": set[str]()}


def exported() -> dict[str, set[str]]:
    """Name of a line -> its labels, besides `program`, which the gathering adds."""
    found: dict[str, set[str]] = {}
    for entry in vars(metrics).values():
        if hasattr(entry, "_labelnames") and hasattr(entry, "_type"):
            for ending in _ENDINGS.get(entry._type, ("",)):
                labels = set(entry._labelnames) | ({"le"} if ending == "_bucket" else set())
                found[entry._name + ending] = labels
    labels_of = {"storage": {"table"}, "queue": {"queue"}, "gateways": {"state"}, "program": {"of"}}
    cases = {"class", "state", "priority"}
    for name in HELP:
        word = name.split("_")[1]
        found[name] = cases if "case" in name else labels_of.get(word, set())
    return {name: labels | {"program"} for name, labels in {**found, **_PROCESS, UP: set()}.items()}


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def test_every_figure_that_is_drawn_or_alerts_exists_and_every_figure_is_drawn() -> None:
    named: set[str] = set()
    known = exported()
    for expression in expressions():
        bare = re.sub(r'"[^"]*"', '""', expression)
        found = set(re.findall(r"\b(?:carebed|process)_\w+", bare))
        assert found, expression
        assert found <= known.keys(), expression
        by = {label for group in re.findall(r"\bby \(([^)]*)\)", bare) for label in re.split(r",\s*", group)}
        chosen = set(re.findall(r"(\w+)=~?\"", bare))
        for name in found:
            assert by | chosen <= known[name], (name, expression)
        named |= found
    histograms = {name.removesuffix("_bucket") for name in known if name.endswith("_bucket")}
    lines = {name for name in known if not any(name.startswith(f"{each}_") for each in histograms)}
    assert lines - named == set()
    assert {each for each in histograms if not any(name.startswith(each) for name in named)} == set()


def test_no_label_may_name_a_gateway_a_person_or_a_place() -> None:
    allowed = {"lane", "hop", "stream", "job", "result", "kind", "status", "code", "table", "queue", "state"}
    allowed |= {"class", "priority", "of", "program", "le"}
    assert set().union(*exported().values()) <= allowed


@pytest.mark.postgres
async def test_figures_of_the_whole_are_what_the_dashboard_expects(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, town.event("sos"))
    await conn.execute("insert into ingest_life (alive_at) values (%s)", (NOW - town.seconds(7),))
    figures = Figures()
    assert list(figures.collect()) == []
    await figures.read(conn, NOW + town.seconds(60))
    told = {family.name: family for family in figures.collect()}
    assert set(told) == set(HELP)
    known = exported()
    for family in told.values():
        for sample in family.samples:
            assert set(sample.labels) == known[sample.name] - {"program"}
    assert value(told, "carebed_live_cases", {"class": "care", "state": "open", "priority": "1"}) == 1
    assert (
        value(told, "carebed_oldest_case_seconds", {"class": "care", "state": "open", "priority": "1"}) == 60
    )
    assert value(told, "carebed_gateways", {"state": "never"}) == 1
    assert value(told, "carebed_program_silence_seconds", {"of": "ingest"}) == 67


def value(told: dict[str, Metric], name: str, labels: dict[str, str]) -> float:
    return next(sample.value for sample in told[name].samples if sample.labels == labels)


@pytest.mark.postgres
async def test_an_event_is_counted_hop_by_hop_once(conn: Connection) -> None:
    def spent(hop: str) -> tuple[float, float]:
        count = REGISTRY.get_sample_value("carebed_event_hop_seconds_count", {"hop": hop}) or 0
        return count, REGISTRY.get_sample_value("carebed_event_hop_seconds_sum", {"hop": hop}) or 0

    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    message = town.event("sos", device_at=town.ms(NOW) - 2000)
    before = spent("gateway"), spent("received")
    for _ in range(2):
        await town.send(conn, home.gateway, message, at=NOW + town.seconds(3))
    after = spent("gateway"), spent("received")
    assert after[0] == (before[0][0] + 1, before[0][1] + 2)
    assert after[1] == (before[1][0] + 1, before[1][1] + 3)
