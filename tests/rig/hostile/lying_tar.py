"""A tar that lies: `python3 lying_tar.py LIE -chf - ./NAME…`, in the place of the `tar` of a device."""

import io
import sys
import tarfile
from itertools import repeat

OUT = sys.stdout.buffer
MEGABYTE = bytes(1 << 20)


def header(name, **about):
    member = tarfile.TarInfo(name)
    for key, value in about.items():
        setattr(member, key, value)
    return member.tobuf(tarfile.GNU_FORMAT)


def pad(content):
    return content + bytes(-len(content) % 512)


def sparse(name):
    """A terabyte in a header, as GNU's first sparse format has it, with 512 bytes of content."""
    block = bytearray(header(name, type=tarfile.GNUTYPE_SPARSE, size=512))
    block[386:410] = tarfile.itn(0, 12) + tarfile.itn(512, 12)
    block[483:495] = tarfile.itn(1 << 40, 12, tarfile.GNU_FORMAT)
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(512)


def pax(text):
    return header("./PaxHeader", type=b"x", size=len(text)) + pad(text)


LIES = {
    "garbage": lambda name: [b"\xff" * 4096],
    "garbage after a file": lambda name: [header("./other", size=4), pad(b"here"), b"\xff" * 4096],
    "half an archive": lambda name: [header(name, size=400), b"only this"],
    "a file longer than asked for": lambda name: [header(name, size=1 << 40), *repeat(MEGABYTE, 64)],
    "a sparse file of a terabyte": lambda name: [sparse(name)],
    "a name without end": lambda name: [
        header("././@LongLink", type=tarfile.GNUTYPE_LONGNAME, size=1 << 40), *repeat(MEGABYTE, 64)
    ],
    "names of names of names": lambda name: [
        header("././@LongLink", type=tarfile.GNUTYPE_LONGNAME, size=512) + bytes(512)
    ] * 2000,
    "a length of 5000 digits": lambda name: [pax(b"9" * 5000 + b" path=x\n")],
    "a sparse map of words": lambda name: [
        pax(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"), header(name, size=512), pad(b"many\n")
    ],
    "files without end": lambda name: [header("./other", size=0)] * 200_000,
    "a link elsewhere": lambda name: [header(name, type=tarfile.SYMTYPE, linkname="/etc/passwd")],
    "a hard link elsewhere": lambda name: [header(name, type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "a folder": lambda name: [header(name, type=tarfile.DIRTYPE)],
    "a pipe": lambda name: [header(name, type=tarfile.FIFOTYPE)],
    "a file of another name": lambda name: [header("../../../../" + sys.argv[0], size=4), pad(b"here")],
}  # fmt: skip

if __name__ == "__main__":
    for piece in LIES[sys.argv[1]](sys.argv[-1]):
        with io.BytesIO(piece) as whole:
            OUT.write(whole.read())
    OUT.flush()
