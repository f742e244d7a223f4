"""A real sshd on loopback: own keys, own configuration, nothing of the user's touched."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.rig.free_port import free_port

HOW_TO_GET_IT = "apt install openssh-server openssh-client"


def missing_parts() -> str | None:
    """Why no sshd can be started here, or None."""
    for program in ("ssh", "ssh-keygen"):
        if shutil.which(program) is None:
            return f"no {program} on this machine: {HOW_TO_GET_IT}"
    if _sshd() is None:
        return f"no sshd on this machine: {HOW_TO_GET_IT}"
    return None


def _sshd() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")


class LoopbackSshd:
    """Starts on a free port and keeps it over stops and starts."""

    def __init__(self, folder: Path, *, environment: dict[str, str] | None = None) -> None:
        sshd = _sshd()
        assert sshd is not None, missing_parts()
        self._sshd = sshd
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None
        self.new_host_key()
        self._key("login")
        self._key("stranger")
        (folder / "authorized_keys").write_bytes((folder / "login.pub").read_bytes())
        self.trust_host_key()
        # A home of its own: no profile of this machine's user has a say in what is tested, or in how fast it is.
        (folder / "home").mkdir(exist_ok=True)
        self.set_environment(**(environment or {}))
        self.client_config = self.write_client_config("client", key="login", known_hosts="known_hosts")

    def set_environment(self, **environment: str) -> None:
        """What commands find in their environment, for connections made after the next start."""
        folder = self.folder
        settings = " ".join(f'"{name}={value}"' for name, value in {"HOME": f"{folder}/home", **environment}.items())
        (folder / "sshd_config").write_text(
            f"Port {self.port}\n"
            "ListenAddress 127.0.0.1\n"
            f"HostKey {folder}/host\n"
            f"PidFile {folder}/sshd.pid\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\n"
            "StrictModes no\n"
            "UsePAM no\n"
            "PermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\n"
            "MaxStartups 100\n"
            f"SetEnv {settings}\n"
        )

    def write_client_config(self, name: str, *, key: str, known_hosts: str, more: str = "") -> Path:
        """A client configuration that knows this server only from files in our folder."""
        path = self.folder / f"{name}.config"
        path.write_text(
            f"{more}"
            "Host bench\n"
            "  HostName 127.0.0.1\n"
            f"  Port {self.port}\n"
            "Host *\n"
            f"  IdentityFile {self.folder}/{key}\n"
            "  IdentitiesOnly yes\n"
            "  IdentityAgent none\n"
            f"  UserKnownHostsFile {self.folder}/{known_hosts}\n"
            "  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking yes\n"
        )
        path.chmod(0o600)
        return path

    def ssh_command(self, config: Path | None = None) -> list[str]:
        """What stands for the word `ssh`."""
        return ["ssh", "-F", str(config or self.client_config)]

    def address(self, workdir: Path | str) -> str:
        """The address of a work directory on this server."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{workdir}"

    def _key(self, name: str) -> None:
        for path in (self.folder / name, self.folder / f"{name}.pub"):
            path.unlink(missing_ok=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)], check=True
        )

    def new_host_key(self) -> None:
        """Another host key, from the next start on."""
        self._key("host")

    def trust_host_key(self) -> None:
        """Write the present host key into the client's known hosts."""
        kind, key, *_ = (self.folder / "host.pub").read_text().split()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def start(self) -> None:
        """Start, and wait until it answers."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
        log = (self.folder / "sshd.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [self._sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 90
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"sshd did not start: {self.log()[-2000:]}")
            time.sleep(0.05)

    def log(self) -> str:
        """What sshd had to say."""
        return (self.folder / "sshd.log").read_text(errors="replace")

    def stop(self) -> None:
        """Kill the server and every connection of it. What was started over them is left alone, as a crash would."""
        if self._process is None:
            return
        for pid in _descendants_named_sshd(self._process.pid):
            _kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self, *, frozen: bool) -> None:
        """Stop answering without closing anything, as a pulled cable would; or go on."""
        assert self._process is not None
        for pid in [*_descendants_named_sshd(self._process.pid), self._process.pid]:
            _kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _descendants_named_sshd(root: int) -> list[int]:
    children: dict[int, list[tuple[int, str]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(errors="replace")
        except OSError:
            continue
        pid, name = int(stat.parent.name), text[text.index("(") + 1 : text.rindex(")")]
        parent = int(text[text.rindex(")") + 1 :].split()[1])
        children.setdefault(parent, []).append((pid, name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        for pid, name in children.get(waiting.pop(), []):
            waiting.append(pid)
            if name.startswith("sshd"):
                found.append(pid)
    return found
