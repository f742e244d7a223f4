"""What an ELF file says of itself, as a linker reads it: program headers and the dynamic section."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
PF_X, PF_W, PF_R = 1, 2, 4

DYNAMIC_TAGS = {
    1: "NEEDED",
    2: "PLTRELSZ",
    4: "HASH",
    5: "STRTAB",
    6: "SYMTAB",
    7: "RELA",
    8: "RELASZ",
    15: "RPATH",
    17: "REL",
    18: "RELSZ",
    20: "PLTREL",
    22: "TEXTREL",
    23: "JMPREL",
    24: "BIND_NOW",
    29: "RUNPATH",
    30: "FLAGS",
    35: "RELRSZ",
    36: "RELR",
    0x6000000F: "ANDROID_REL",
    0x60000011: "ANDROID_RELA",
    0x6FFFE000: "ANDROID_RELR",
    0x6FFFFEF5: "GNU_HASH",
    0x6FFFFFF0: "VERSYM",
    0x6FFFFFFB: "FLAGS_1",
    0x6FFFFFFC: "VERDEF",
    0x6FFFFFFE: "VERNEED",
}


@dataclass(frozen=True)
class Segment:
    """One program header."""

    kind: int
    flags: int
    offset: int
    address: int
    file_bytes: int
    memory_bytes: int
    alignment: int


@dataclass
class ElfFile:
    """A shared object or a program."""

    bits: int
    kind: int
    machine: int
    segments: list[Segment]
    interpreter: str | None = None
    notes: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """Owner and type of a note → what it says."""
    dynamic: dict[str, list[int]] = field(default_factory=dict)
    needed: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    """Undefined symbols."""
    relocation_kinds: set[int] = field(default_factory=set)

    def of_kind(self, kind: int) -> list[Segment]:
        """The segments of one kind."""
        return [segment for segment in self.segments if segment.kind == kind]


def read_elf(path: Path) -> ElfFile:
    """Reads a little-endian ELF file."""
    content = path.read_bytes()
    assert content[:4] == b"\x7fELF"
    assert content[5] == 1, "little-endian"
    wide = content[4] == 2
    kind, machine = struct.unpack_from("<HH", content, 16)
    table = struct.unpack_from("<Q" if wide else "<I", content, 32 if wide else 28)[0]
    size, count = struct.unpack_from("<HH", content, 54 if wide else 42)
    segments = []
    for k in range(count):
        at = table + k * size
        if wide:
            p_type, flags, offset, address, _, in_file, in_memory, align = struct.unpack_from("<IIQQQQQQ", content, at)
        else:
            p_type, offset, address, _, in_file, in_memory, flags, align = struct.unpack_from("<IIIIIIII", content, at)
        segments.append(Segment(p_type, flags, offset, address, in_file, in_memory, align))
    elf = ElfFile(64 if wide else 32, kind, machine, segments)
    for segment in elf.of_kind(PT_INTERP):
        elf.interpreter = content[segment.offset : segment.offset + segment.file_bytes].rstrip(b"\0").decode()
    for segment in elf.of_kind(PT_NOTE):
        _read_notes(elf, content[segment.offset : segment.offset + segment.file_bytes])
    _read_dynamic(elf, content, wide)
    return elf


def _read_notes(elf: ElfFile, content: bytes) -> None:
    """Name and description are padded to words of four bytes: https://refspecs.linuxfoundation.org/elf/gabi4+."""
    at = 0
    while at < len(content):
        name_bytes, description_bytes, kind = struct.unpack_from("<III", content, at)
        name = at + 12
        description = name + (name_bytes + 3) // 4 * 4
        owner = content[name : name + name_bytes].rstrip(b"\0").decode()
        elf.notes[owner, kind] = content[description : description + description_bytes]
        at = description + (description_bytes + 3) // 4 * 4


def _read_dynamic(elf: ElfFile, content: bytes, wide: bool) -> None:
    (segment,) = elf.of_kind(PT_DYNAMIC)
    entry = struct.Struct("<qQ" if wide else "<iI")
    for at in range(segment.offset, segment.offset + segment.file_bytes, entry.size):
        tag, value = entry.unpack_from(content, at)
        if tag == 0:
            break
        elf.dynamic.setdefault(DYNAMIC_TAGS.get(tag, hex(tag)), []).append(value)

    def place(address: int) -> int:
        (load,) = (load for load in elf.of_kind(PT_LOAD) if load.address <= address < load.address + load.file_bytes)
        return address - load.address + load.offset

    strings = place(elf.dynamic["STRTAB"][0])

    def text(offset: int) -> str:
        return content[strings + offset : content.index(b"\0", strings + offset)].decode()

    elf.needed = [text(offset) for offset in elf.dynamic.get("NEEDED", [])]
    # The old hash table says how many symbols there are: its second word.
    (count,) = struct.unpack_from("<I", content, place(elf.dynamic["HASH"][0]) + 4)
    symbols = place(elf.dynamic["SYMTAB"][0])
    for k in range(1, count):
        if wide:
            name, _, _, section = struct.unpack_from("<IBBH", content, symbols + 24 * k)
        else:
            name, _, _, _, _, section = struct.unpack_from("<IIIBBH", content, symbols + 16 * k)
        if section == 0:
            elf.imports.append(text(name))
    for table, size in (("RELA", "RELASZ"), ("REL", "RELSZ"), ("JMPREL", "PLTRELSZ")):
        if table not in elf.dynamic:
            continue
        has_addend = table == "RELA" or (table == "JMPREL" and elf.dynamic["PLTREL"][0] == 7)
        word = struct.Struct("<QQ" if wide else "<II")
        step = word.size + (8 if wide else 4) * has_addend
        start = place(elf.dynamic[table][0])
        for at in range(start, start + elf.dynamic[size][0], step):
            info = word.unpack_from(content, at)[1]
            elf.relocation_kinds.add(info & 0xFFFFFFFF if wide else info & 0xFF)
