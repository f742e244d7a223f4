"""A certificate of the tests' own for names of hosts, made by openssl: trusted by whoever names its file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def missing_parts() -> str | None:
    """Why none can be made here, or None."""
    return None if shutil.which("openssl") else "no openssl on this machine: apt install openssl"


def make_certificate(folder: Path, hosts: Sequence[str]) -> Path:
    """One file with the key and the certificate."""
    key, certificate, both = (folder / f"{name}.pem" for name in ("key", "certificate", "both"))
    names = ",".join(f"DNS:{host}" for host in hosts)
    made = [
        "-subj",
        "/CN=stand-in",
        "-addext",
        f"subjectAltName={names}",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
