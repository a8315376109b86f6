"""Hosts that receive mail and do TLS well, badly or not at all: real OpenSSL where it can, raw octets elsewhere.

Each stands at an address of its own, at one port. Its certificates come from a PKI with one trusted root.
"""

import socket
import ssl
import struct
import sys
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
