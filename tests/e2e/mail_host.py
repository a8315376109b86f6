"""A host that receives mail, for tests that look at its end of a delivery."""

import socket
import threading


class MailHost:
    """Receives mail at one address, over STARTTLS where it offers that.

    start_tls(connection): the TLS connection, or None when there will be none. extensions: offered over TLS. mails: the
    MAIL commands that came; messages: (over TLS?, content).
    """

    offers = True        # STARTTLS in its EHLO
    go_ahead = b"220 2.0.0 go ahead\r\n"

    def __init__(self, address: str, port: int, start_tls=None, extensions=()):
        self.start_tls, self.extensions = start_tls, extensions
        self.mails: list[str] = []
        self.messages: list[tuple[bool, bytes]] = []
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
                offered = self.extensions if is_tls else ("STARTTLS",) if self.offers else ()
                say("\r\n".join(["250-host.example", *(f"250-{word}" for word in offered), "250 8BITMIME"]))
            elif verb == b"STARTTLS":
                connection.sendall(self.go_ahead)
                if not self.go_ahead.startswith(b"220"):
                    continue
                encrypted = self.start_tls(connection)
                if encrypted is not None:
                    self._open.add(encrypted)
                    self._converse(encrypted, is_tls=True)
                    self._open.discard(encrypted)
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
