"""The other ends of TLS policies: hosts that publish MTA-STS policies by HTTPS, take reports, and receive mail."""

import hashlib
import http.server
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "net"))
from openssl_peers import Pki  # noqa: E402, F401


def server_context(pki, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pki.pem(name), pki.key(name))
    return made


class WebHost:
    """HTTPS at one address. answers: {(host, path): (status, headers, body)}; what came is in asked and posted."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext):
        self.answers: dict[tuple[str, str], tuple[int, dict, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.posted: list[tuple[str, dict, bytes]] = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                host = self.headers["host"].split(":")[0]
                owner.asked.append((host, self.path))
                self._answer(*owner.answers.get((host, self.path), (404, {}, b"")))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.posted.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self._answer(*owner.answers.get(("post", self.path), (200, {}, b"")))

            def _answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # handshakes that the client breaks off

        self._server = Quiet((address, port), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, domain: str, mode="enforce", mx=(), max_age=86400, status=200, kind="text/plain", more=None):
        text = f"version: STSv1\r\nmode: {mode}\r\n" + "".join(f"mx: {host}\r\n" for host in mx) + f"max_age: {max_age}\r\n"
        self.answers[f"mta-sts.{domain}", "/.well-known/mta-sts.txt"] = (
            status, {"Content-Type": kind, **(more or {})}, text.encode())

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class MailHost:
    """Receives mail over STARTTLS (context None: without). extensions: offered over TLS.

    mails: the MAIL commands that came; messages: (over TLS?, content).
    """

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None, extensions=()):
        self.extensions, self.context = extensions, context
        self.mails: list[str] = []
        self.messages: list[tuple[bool, bytes]] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((address, port), backlog=50)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

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
                offered = self.extensions if is_tls else ("STARTTLS",) if self.context else ()
                say("\r\n".join(["250-host.example", *(f"250-{word}" for word in offered), "250 8BITMIME"]))
            elif verb == b"STARTTLS":
                say("220 2.0.0 go ahead")
                with self.context.wrap_socket(connection, server_side=True) as encrypted:
                    self._converse(encrypted, is_tls=True)
                return
            elif verb == b"MAIL":
                self.mails.append(line.decode().strip())
                say("250 2.0.0 ok")
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


def trust(server, root: Path) -> None:
    """The server trusts this authority alone."""
    server.config.write_text(server.config.read_text().replace("[tls]\n", f'[tls]\nca_file = "{root}"\n', 1))


def tlsa(pki, name: str) -> str:
    """3 1 1: the SHA-256 of a certificate's public key."""
    key = subprocess.run(["openssl", "x509", "-in", str(pki.pem(name)), "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
    return "3 1 1 " + hashlib.sha256(der).hexdigest()


def tlsa_of_certificate(pki, name: str, usage: int) -> str:
    """USAGE 0 1: the SHA-256 of a whole certificate (the first in its file)."""
    der = subprocess.run(["openssl", "x509", "-in", str(pki.pem(name)), "-outform", "DER"], capture_output=True, check=True).stdout
    return f"{usage} 0 1 " + hashlib.sha256(der).hexdigest()
