"""The other ends of TLS policies: hosts that publish MTA-STS policies by HTTPS, take reports, and receive mail."""

import hashlib
import http.server
import ssl
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "net"))
from mail_host import MailHost  # noqa: E402
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


def mail_host(address: str, port: int, context: ssl.SSLContext | None, extensions=()) -> MailHost:
    """Over STARTTLS by that context; None: without."""
    made = MailHost(address, port, lambda connection: context.wrap_socket(connection, server_side=True), extensions)
    made.offers = context is not None
    return made


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
