"""Numbers in the unit that a bridge or a board tells -> the unit of their kind (`firmware_specs.kinds`)."""

from typing import Final

# unit, lower case: (kind, factor)
_FACTORS: Final[dict[str, tuple[str, float]]] = {
    "kw": ("power", 1000.0),
    "wh": ("energy", 0.001),
    "mwh": ("energy", 1000.0),
    "ma": ("current", 0.001),
    "g": ("weight", 0.001),
    "lb": ("weight", 0.45359237),
    "mg/dl": ("glucose", 1 / 18.016),
}


def in_kinds_unit(kind: str, number: float, unit: str) -> float:
    """`number` of a reading kind, told in `unit`; one that is not known to differ stays as it is."""
    unit = unit.strip().lower()
    if kind in ("temperature", "body_temperature"):
        if unit in ("°f", "f"):
            return round((number - 32) / 1.8, 2)
        return round(number - 273.15, 2) if unit == "k" else number
    name, factor = _FACTORS.get(unit, ("", 1.0))
    return number * factor if name == kind else number
