"""Photographs: told by their first bytes, refused where they carry notes."""

from cloud.responders.picture import has_notes, media_type_of

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02picture\xff\xd9"
NOTED_JPEG = b"\xff\xd8\xff\xe1\x00\x08Exif\x00\x00\xff\xda\x00\x02picture\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x02IHDRab----" + b"\x00\x00\x00\x00IEND----"
NOTED_PNG = PNG[:8] + b"\x00\x00\x00\x02eXIfab----" + PNG[8:]
WEBP = b"RIFF\x10\x00\x00\x00WEBP" + b"VP8 \x02\x00\x00\x00ab"
NOTED_WEBP = WEBP + b"EXIF\x01\x00\x00\x00a\x00"


def test_the_first_bytes_decide_not_the_name() -> None:
    assert [media_type_of(one) for one in (JPEG, PNG, WEBP)] == ["image/jpeg", "image/png", "image/webp"]
    for other in (b"", b"GIF89a", b"<svg", b"RIFF1234WAVE", b"\x89PNG"):
        assert media_type_of(other) is None


def test_a_file_that_tells_where_it_was_taken_is_known() -> None:
    assert not has_notes(JPEG, "image/jpeg")
    assert not has_notes(PNG, "image/png")
    assert not has_notes(WEBP, "image/webp")
    assert has_notes(NOTED_JPEG, "image/jpeg")
    assert has_notes(JPEG + NOTED_JPEG, "image/jpeg"), "a second picture behind the first, as phones add them"
    assert has_notes(JPEG[:2] + b"\xff" + NOTED_JPEG[2:], "image/jpeg"), "a filled marker"
    assert has_notes(NOTED_PNG, "image/png")
    assert has_notes(NOTED_WEBP, "image/webp")


def test_a_file_that_cannot_be_read_to_its_picture_counts_as_noted() -> None:
    assert has_notes(b"\xff\xd8\xff", "image/jpeg")
    assert has_notes(JPEG[:8], "image/jpeg")
    assert has_notes(PNG[:20], "image/png")
