"""The fields that messages are made of: ids, names, texts and times with their limits."""

from typing import Annotated, Final

from msgspec import Meta

from firmware_specs.ids import WIRE_ID_PATTERN

LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999
END: Final = r"(?!\n)$"  # Python's `$` alone lets a last line feed through; schemas and other engines use `$`

WireId = Annotated[str, Meta(pattern=WIRE_ID_PATTERN.removesuffix("$") + END)]
RunId = Annotated[str, Meta(pattern="^[a-z0-9]{8,32}" + END)]
Uuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + END)]
Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,64}" + END)]
TEXT_LONGEST: Final = 64
Text = Annotated[str, Meta(max_length=TEXT_LONGEST, pattern=r"^[^\x00-\x1f]*" + END)]
LongText = Annotated[str, Meta(max_length=16_000)]
Phone = Annotated[str, Meta(pattern=r"^\+?[0-9]{3,20}" + END)]
# A fixed access point's own address; one that a telephone or a guest network makes up says no place.
Bssid = Annotated[str, Meta(pattern="^[0-9a-f][048c](:[0-9a-f]{2}){5}" + END)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Ms = Annotated[int, Meta(ge=0, le=LAST_MS)]
Seq = Annotated[int, Meta(ge=1, le=2**62)]
Quality = Annotated[int, Meta(ge=0, le=100)]
