"""Photographs as bytes: what they are, and whether they tell more than what is seen on them. Pure."""

from typing import Final, Literal

MediaType = Literal["image/jpeg", "image/png", "image/webp"]
MOST_BYTES: Final = 5 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# Where a camera writes the place, the time and itself.
_JPEG_NOTES: Final = frozenset({0xE1, 0xED, 0xFE})
_PNG_NOTES: Final = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
_WEBP_NOTES: Final = frozenset({b"EXIF", b"XMP "})


def media_type_of(content: bytes) -> MediaType | None:
    """What the first bytes say it is; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(_PNG):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def has_notes(content: bytes, media_type: MediaType) -> bool:
    """True where the file carries notes (EXIF, XMP, comments), or cannot be read far enough to know."""
    match media_type:
        case "image/jpeg":
            return _jpeg_has_notes(content)
        case "image/png":
            return _chunks_have_notes(content, 8, "big", _PNG_NOTES)
        case "image/webp":
            return _chunks_have_notes(content, 12, "little", _WEBP_NOTES)


def _jpeg_has_notes(content: bytes) -> bool:
    place = 2
    while place + 4 <= len(content):
        marker = content[place + 1]
        if content[place] != 0xFF or marker == 0xFF or marker in _JPEG_NOTES:
            return True
        if (
            marker == 0xDA
        ):  # the picture itself begins, which holds no such marker; a second one may follow it
            return any(bytes((0xFF, note)) in content[place:] for note in _JPEG_NOTES)
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return True


def _chunks_have_notes(
    content: bytes, place: int, order: Literal["big", "little"], notes: frozenset[bytes]
) -> bool:
    """PNG: length, name, data, checksum; WebP: name, length, data to an even length."""
    while place + 8 <= len(content):
        first, second = content[place : place + 4], content[place + 4 : place + 8]
        name, length = (second, first) if order == "big" else (first, second)
        size = int.from_bytes(length, order)
        if name in notes:
            return True
        place += 8 + size + (4 if order == "big" else size % 2)
    return place != len(content)
