"""What the devices of a story can do: each type with its verbs."""

from typing import Final, Literal

from simulators.devices.near import NEAR

DeviceType = Literal[
    "watch",
    "trv",
    "gt06",
    "jt808",
    "wrist",
    "sos_button",
    "smoke",
    "gas",
    "co",
    "water_leak",
    "door",
    "motion",
    "wire_button",
    "board",
    "ble_sensor",
    "ble_cuff",
    "ble_oximeter",
    "r60",
    "tinyframe",
    "sca11h",
    "emfit",
]
VERBS: Final[dict[str, tuple[str, ...]]] = {
    "watch": (
        "press_sos",
        "fall",
        "leave_fence",
        "come_home",
        "walk_away",
        "jump",
        "old_report",
        "old_sos",
        "garbage",
        "hang",
    ),
    "trv": ("press_sos", "fall", "report", "hang"),
    "gt06": ("press_sos", "fall", "report", "hang"),
    "jt808": ("press_sos", "report", "hang"),
    "wrist": ("fall", "get_up", "cancel", "press_sos", "rest", "walk"),
    "sos_button": ("press",),
    "smoke": ("alarm", "clear", "self_test"),
    "gas": ("alarm", "clear"),
    "co": ("alarm", "clear"),
    "water_leak": ("alarm", "clear"),
    "door": ("open", "close"),
    "motion": ("move", "rest"),
    "wire_button": ("press",),
    "gateway": ("stop", "kill", "freeze", "thaw", "start"),
    "technician": ("open_test_window", "move_device"),
} | {kind: tuple(near.verbs) for kind, near in NEAR.items()}
ACTORS: Final = ("gateway", "technician")
