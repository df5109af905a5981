"""Pictures, decoded to the last pixel: what does not decode is not kept."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wipsie.slices.vault.domain.files.kinds import MEDIA_TYPES, FileKind
from wipsie.slices.vault.domain.files.verdict import FileAccepted, FileLimits, FileRefused

if TYPE_CHECKING:
    from PIL.Image import Image

_DECODERS: dict[FileKind, tuple[str, ...]] = {"jpeg": ("JPEG",), "png": ("PNG",), "webp": ("WEBP",), "heic": ("HEIF",)}
_ORIENTATION = 0x0112
_TURNED_BY_A_QUARTER = (5, 6, 7, 8)
"""Values of the orientation tag that swap width and height (TIFF 6.0, Orientation)."""


class NoDecoder(Exception):
    """The library that decodes this kind is not installed."""


class TooManyPixels(Exception):
    """The picture is larger than allowed. Nothing of it has been decoded."""


def load_decoders() -> None:
    """Have the libraries in the process, for work that may open no file."""
    from PIL import Image

    Image.init()
    with contextlib.suppress(NoDecoder):
        _register_heic()


@contextmanager
def opened_image(content: bytes, kind: FileKind, *, pixels_max: int) -> Generator[Image]:
    """A picture, its header read and its size checked, nothing decoded yet.

    Only the decoder of `kind` is tried. NoDecoder, TooManyPixels, and whatever Pillow raises of broken files: OSError,
    SyntaxError, ValueError and others.
    """
    from PIL import Image

    if kind == "heic":
        _register_heic()
    with warnings.catch_warnings():
        # Broken metadata is worth a warning to Pillow; the picture may be fine all the same.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=_DECODERS[kind])
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise TooManyPixels(str(error)) from None
        with image:
            if image.width * image.height > pixels_max:
                raise TooManyPixels(f"{image.width} by {image.height} pixels")
            yield image


def examine_image(content: bytes, kind: FileKind, limits: FileLimits) -> FileAccepted | FileRefused:
    """Decode all of a picture. MemoryError when it takes more than this process may have."""
    try:
        with opened_image(content, kind, pixels_max=limits.pixels_max) as image:
            if kind != "jpeg" and getattr(image, "n_frames", 1) > 1:
                # A JPEG with several pictures has its preview in it, as phones write them; the first one is the picture.
                return FileRefused(reason="animated", kind=kind)
            image.load()
            width_px, height_px = oriented_size(image)
    except NoDecoder as error:
        return FileRefused(reason="no_decoder", kind=kind, detail=str(error))
    except TooManyPixels as error:
        return FileRefused(reason="too_many_pixels", kind=kind, detail=str(error))
    except MemoryError:
        raise
    # Decoders raise what they like: OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, OverflowError …
    except Exception as error:
        is_short = "truncated" in str(error).lower() or isinstance(error, EOFError) or _lacks_its_end(content, kind)
        return FileRefused(reason="truncated" if is_short else "damaged", kind=kind, detail=type(error).__name__)
    return FileAccepted(
        kind=kind,
        media_type=MEDIA_TYPES[kind],
        size=len(content),
        pages=1,
        width_px=width_px,
        height_px=height_px,
    )


def oriented_size(image: Image) -> tuple[int, int]:
    """Width and height in pixels with the orientation tag applied."""
    if orientation_of(image) in _TURNED_BY_A_QUARTER:
        return image.height, image.width
    return image.width, image.height


def orientation_of(image: Image) -> int:
    """The orientation tag, 1 where there is none or no sense in it."""
    try:
        found: object = image.getexif().get(_ORIENTATION)
    # EXIF is a file format of its own, and broken in ways of its own.
    except Exception:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _lacks_its_end(content: bytes, kind: FileKind) -> bool:
    if kind == "jpeg":
        return b"\xff\xd9" not in content[-64:]
    if kind == "png":
        return b"IEND" not in content[-64:]
    return False


def _register_heic() -> None:
    for name in ("pi_heif", "pillow_heif"):
        try:
            library: Any = importlib.import_module(name)
        except ImportError:
            continue
        library.register_heif_opener()
        return
    raise NoDecoder("Install pi-heif to take HEIC.")
