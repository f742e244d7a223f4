"""How large a file is as a server would send it. The number is kept in the cache: compressing 27 MB takes seconds."""

from __future__ import annotations

import zlib

from devices.base import Blob
from devices.cache import cache_folder, write_in_cache

_CHUNK = 1 << 20


def gzipped_bytes(blob: Blob) -> int:
    """Bytes of the file as gzip makes it at its best (RFC 1952, level 9)."""
    kept = cache_folder() / "npm" / "gzipped" / blob.sha256
    try:
        return int(kept.read_text(encoding="ascii"))
    except (OSError, ValueError):
        pass
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    count = 0
    with blob.path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            count += len(compressor.compress(chunk))
    count += len(compressor.flush())
    write_in_cache(kept, str(count).encode())
    return count
