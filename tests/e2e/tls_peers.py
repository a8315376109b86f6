"""Hosts that receive mail and do TLS well, badly or not at all: real OpenSSL where it can, raw octets elsewhere.

Each stands at an address of its own, at one port. Its certificates come from a PKI with one trusted root.
"""

import socket
import ssl
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "net"))
from openssl_peers import Pki  # noqa: E402

HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"


def make_pki(folder: Path, names: dict[str, str]) -> Pki:
    """names: {kind of certificate: the host that shows it}."""
    pki = Pki(folder)
    pki.make_ca("root")
    pki.make_ca("middle", "root")
    pki.make_ca("clone", subject="root")
    for kind, host in names.items():
        issuer, options = "root", {}
        if kind == "self-signed":
            issuer = None
        elif kind == "no intermediate":
            issuer = "middle"
        elif kind.startswith("cloned root"):
            issuer = "clone"
        elif kind == "expired":
            options = {"is_expired": True}
        elif kind == "wrong name":
            host = "mail.elsewhere.example"
        elif kind.startswith("RSA"):
            options = {"key": {"RSA 512": "rsa512", "RSA 1024": "rsa1024"}.get(kind, "rsa2048")}
        elif kind == "SHA-1":
            options = {"digest": "sha1"}
        elif kind == "wildcard":
            host = "*." + host.split(".", 1)[1]
        pki.make_leaf(kind, issuer, host, **options)
    return pki


class Peer:
    """One host. start_tls(connection): the TLS connection, or None when there will be none."""

    offers = True        # STARTTLS in its EHLO
    go_ahead = b"220 2.0.0 go ahead\r\n"

    def __init__(self, address: str, port: int, start_tls=None):
        self.messages: list[tuple[bool, bytes]] = []  # over TLS?
        self._start_tls = start_tls
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((address, port), backlog=50)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    def silence(self, _) -> None:
        """What stalls, stalls until the test is over."""
        self._closing.wait(120)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            connection.settimeout(120)
            self._converse(connection, is_tls=False)
        except (OSError, ValueError):
            pass  # what became of it, the sender says
        finally:
            self._open.discard(connection)
            connection.close()

    def _converse(self, connection, is_tls: bool) -> None:
        lines = connection.makefile("rb", buffering=0)

        def say(text: str) -> None:
            connection.sendall(text.encode() + b"\r\n")
        if not is_tls:
            say("220 host.example ESMTP")
        while line := lines.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                say("250-host.example\r\n250-STARTTLS\r\n250 8BITMIME" if self.offers and not is_tls
                    else "250-host.example\r\n250 8BITMIME")
            elif verb == b"STARTTLS":
                connection.sendall(self.go_ahead)
                if not self.go_ahead.startswith(b"220"):
                    continue
                encrypted = self._start_tls(connection)
                if encrypted is not None:
                    self._open.add(encrypted)
                    self._converse(encrypted, is_tls=True)
                    self._open.discard(encrypted)
                return
            elif verb == b"DATA":
                say("354 go on")
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    if not (octets := lines.readline()):
                        return
                    content += octets
                self.messages.append((is_tls, content))
                say("250 2.0.0 taken")
            elif verb == b"QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 ok")


def context(pki: Pki, chain, ciphers="ALL:@SECLEVEL=0", first=None, last=None, demands=False) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(ciphers)
    made.minimum_version = first or ssl.TLSVersion.TLSv1_2
    if last:
        made.maximum_version = last
    if chain:
        made.load_cert_chain(pki.bundle(chain), pki.key(chain[0]))
    if demands:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(pki.pem("root"))
    return made


def answers_with(made: ssl.SSLContext):
    return lambda connection: made.wrap_socket(connection, server_side=True)


def says(octets: bytes):
    def start_tls(connection):
        connection.recv(65536)  # the ClientHello, or the other end sees a reset
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    return start_tls


def resets(connection) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def keeps(what):
    """Its output stays open, and silent, behind these octets."""
    def start_tls(peer, connection):
        connection.recv(65536)
        connection.sendall(what)
        peer.silence(connection)
    return start_tls
