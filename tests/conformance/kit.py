"""Runs the drivers over samples and says which they decode as expected."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.conformance.compare import differences
from tests.conformance.samples import Sample, Values

Adapter = Callable[[Values], Values]
"""What a driver made of a sample, under the sample's own names: `{"want": {...}}`, `{"want_hex": [...]}` ...

It sees the input only. It names the driver's decoded values as the samples do; it decodes nothing itself.
"""


@dataclass
class Report:
    """Samples and passes by family, in the order of their first sample; `failures` tell sample and reason."""

    samples: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """`family: N of M` for each, and the sum as the last line."""
        told = [f"{family}: {self.passed[family]} of {count}" for family, count in self.samples.items()]
        return [*told, f"conformance: {self.passed.total()} of {self.samples.total()}"]


def check(samples: Iterable[Sample], families: Mapping[str, Adapter]) -> Report:
    """Every sample through its family's driver; what has no driver, or makes one raise, has failed."""
    report = Report()
    for sample in samples:
        report.samples[sample.family] += 1
        found = _found(sample, families)
        if found:
            report.failures += [f"{sample.where} {sample.family}: {line}" for line in found]
        else:
            report.passed[sample.family] += 1
    return report


def _found(sample: Sample, families: Mapping[str, Adapter]) -> list[str]:
    adapter = families.get(sample.family)
    if sample.broken is not None or adapter is None:
        return [sample.broken or "no driver"]
    try:
        return list(differences(sample.want, adapter(sample.given)))
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
