"""A real IMAP server for tests, where the machine has one: Dovecot with a configuration of its own in a scratch folder."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin") or ""
USER, PASSWORD = "support@shop.example", 'pass word\\"'

_CONFIGURATION = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dovecot:
    """A running server. `deliver` puts a mail into the inbox as a delivery agent does."""

    port: int
    folder: Path

    def deliver(self, raw: bytes, name: str) -> None:
        inbox = self.folder / "mail"
        (inbox / "tmp" / name).write_bytes(raw)
        (inbox / "tmp" / name).rename(inbox / "new" / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write(folder: Path, port: int) -> Path:
    """The configuration, and an empty mailbox. Without root, everything runs as we do; root may not own mail there."""
    for name in ("run", "state", "home", "mail/cur", "mail/new", "mail/tmp"):
        (folder / name).mkdir(parents=True)
    me = pwd.getpwuid(os.getuid())
    internal, login, owner = ("dovecot", "dovenull", pwd.getpwnam("nobody")) if me.pw_uid == 0 else (me.pw_name, me.pw_name, me)
    for path in (folder / "home", folder / "mail", *(folder / "mail").iterdir()):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    text = _CONFIGURATION.format(
        folder=folder,
        port=port,
        internal=internal,
        internal_group=grp.getgrgid(pwd.getpwnam(internal).pw_gid).gr_name,
        login=login,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
    )
    (folder / "dovecot.conf").write_text(text)
    return folder / "dovecot.conf"


@contextmanager
def server() -> Iterator[Dovecot]:
    """Run Dovecot on a free loopback port. Its sockets need a short path that its own accounts can reach."""
    folder = Path(tempfile.mkdtemp(prefix="dc-"))
    folder.chmod(0o755)
    port = _free_port()
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(_write(folder, port))], stderr=subprocess.DEVNULL)
    try:
        _wait(port, process, folder)
        yield Dovecot(port=port, folder=folder)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0 and probe.recv(4) == b"* OK":
                return
    log = folder / "log"
    raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
