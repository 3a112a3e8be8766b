"""What kind of file some bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.services.media import UNKNOWN, media_type

FTYP = b"\0\0\0\x18ftyp"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (FTYP + b"avif\0\0\0\0mif1avif", "image/avif"),
        (FTYP + b"heic\0\0\0\0mif1heic", "image/heic"),
        (FTYP + b"isom\0\0\2\0isommp41", "video/mp4"),
        (FTYP + b"qt  \0\0\0\0qt  \0\0\0\0", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "video/webm"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"<!DOCTYPE html><script>", "declared/type"),
        (b"plain words", "declared/type"),
        (b"", "declared/type"),
    ],
)
def test_files_are_told_by_how_they_begin(head: bytes, expected: str) -> None:
    """What has no beginning of its own is what its sender says."""
    assert media_type(head, "declared/type") == expected


@pytest.mark.parametrize(
    "declared", ["", "text", "text/", "/plain", "*/*", "text/*", "a/b/c", "a b/c", "a/b\r\n", "é/é"]
)
def test_what_is_no_media_type_is_not_believed(declared: str) -> None:
    """It could not be told to anybody else."""
    assert media_type(b"plain words", declared) == UNKNOWN


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"RIFF", b"PK\3\4", FTYP, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"ID3"]),
)
def test_any_bytes_have_a_type(rest: bytes, start: bytes) -> None:
    """No file is so broken that it could not be judged."""
    assert "/" in media_type(start + rest, "a/b")
