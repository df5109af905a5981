"""Pictures that are bombs, cut off, broken, or something else as well."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image


def png_header_bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to nothing in it."""
    return _png(width, height, zlib.compress(b"\0" * 1024))


def png_data_bomb(width: int, height: int) -> bytes:
    """A PNG that really unfolds to its claimed size: one bit a pixel, all of them zero."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return _png(width, height, packed, bits=1, colours=0)


def png_text_bomb(unfolded_bytes: int) -> bytes:
    """A small PNG with a comment that unfolds to far more than its pixels."""
    text = b"Comment\0\0" + zlib.compress(b"\0" * unfolded_bytes, 9)
    return _png(2, 2, zlib.compress(b"\0\0\0\0\0\0\0" * 2), between=_chunk(b"zTXt", text))


def jpeg_header_bomb() -> bytes:
    """A JPEG whose header says 65,500 by 65,500 pixels."""
    jpeg = bytearray(small_jpeg())
    frame = jpeg.find(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(jpeg)


def small_jpeg(*, comment: bytes = b"", width: int = 320, height: int = 240) -> bytes:
    """A fine JPEG, perhaps with a comment."""
    out = io.BytesIO()
    _shades(width, height).save(out, "JPEG", quality=80, comment=comment)
    return out.getvalue()


def small_png(*, width: int = 320, height: int = 240) -> bytes:
    """A fine PNG."""
    out = io.BytesIO()
    _shades(width, height).save(out, "PNG")
    return out.getvalue()


def animated_png() -> bytes:
    """A PNG of three frames."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 90, 180)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def a_zip() -> bytes:
    """An archive of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("run.js", (2025, 1, 1, 0, 0, 0)), "alert(1)")
    return out.getvalue()


def _shades(width: int, height: int) -> Image.Image:
    return Image.frombytes("L", (1, height), bytes(row % 256 for row in range(height))).transform(
        (width, height), Image.Transform.EXTENT, (0, 0, 1, height)
    )


def _png(width: int, height: int, packed: bytes, *, bits: int = 8, colours: int = 2, between: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + between + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
