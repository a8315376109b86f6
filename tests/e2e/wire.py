"""Raw SMTP: a client that sends exact octets cut where it is told, and hosts that receive strictly or misbehave."""

import base64
import socket
import ssl
import threading
import time
from pathlib import Path


class Wire:
    """One connection to a server. What it sends is never changed, and pieces arrive in reads of their own."""

    def __init__(self, port: int, tls=False, seconds=30, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._plain = self.socket
        self._unread = b""
        if tls:
            self.start_tls()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def start_tls(self) -> None:
        self.socket = ssl._create_unverified_context().wrap_socket(self.socket)
        self._plain = self.socket

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def send_pieces(self, pieces) -> None:
        """Each piece alone: the next is sent when the server has taken the last out of its receive queue.

        Ends early once the server has closed the connection: what it said before is still to be read.
        """
        for piece in pieces:
            try:
                self.socket.sendall(piece)
                self._wait_until_taken()
            except OSError:
                return

    def _wait_until_taken(self) -> None:
        ours, theirs = self._plain.getsockname()[1], self._plain.getpeername()[1]
        wanted = f":{theirs:04X} ", f":{ours:04X} "
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
                _, local, remote, _, queues, *_ = line.split()
                if (local + " ").endswith(wanted[0]) and (remote + " ").endswith(wanted[1]):
                    if queues.endswith(":00000000"):
                        return
                    break
            else:
                return  # the server has closed it

    def reply(self) -> tuple[int, str]:
        """The next reply; (0, "") when the server has closed the connection."""
        lines = []
        while True:
            while b"\n" not in self._unread:
                try:
                    octets = self.socket.recv(65536)
                except (ConnectionError, ssl.SSLError):
                    octets = b""
                if not octets:
                    return (0, "")
                self._unread += octets
            line, self._unread = self._unread.split(b"\n", 1)
            lines.append(line.rstrip(b"\r").decode("utf-8", "replace"))
            if lines[-1][3:4] != "-":
                return int(lines[-1][:3]), "\n".join(text[4:] for text in lines)

    def ask(self, line: str | bytes) -> tuple[int, str]:
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def expect(self, code: int, line: str | bytes) -> str:
        found, text = self.ask(line)
        if found != code:
            raise AssertionError(f"{line[:80]!r} is answered {found} {text}, not {code}")
        return text

    def greet(self, name="client.example") -> str:
        """The greeting and EHLO: what is offered."""
        code, text = self.reply()
        if code != 220:
            raise AssertionError(f"greeted with {code} {text}")
        return self.expect(250, f"EHLO {name}")

    def log_in(self, user: str, password: str) -> None:
        self.expect(235, "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def begin(self, sender: str, recipients) -> None:
        """A transaction up to 354."""
        self.expect(250, f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            self.expect(250, f"RCPT TO:<{recipient}>")
        self.expect(354, "DATA")

    def replies_to_the_end(self) -> list[tuple[int, str]]:
        """All replies until the server closes; AssertionError if it stays silent."""
        found = []
        try:
            while (answer := self.reply())[0]:
                found.append(answer)
        except TimeoutError as why:
            raise AssertionError(f"the connection stays open after {found}") from why
        return found


class Host:
    """A receiving host. It takes each message as exact octets, ended by CRLF "." CRLF alone.

    behave: a method is called at each of "connect", "mail", "data", "dot" with (connection, stage) and returns
    True when it has dealt with the connection, which is closed then.
    """

    def __init__(self, address="127.0.0.1", port=0, behave=None, extensions=("8BITMIME", "SIZE 100000000")):
        self.messages: list[bytes] = []
        self.transactions: list[dict] = []
        self.connections = 0
        self._behave = behave or (lambda *_: False)
        self._extensions = extensions
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((address, port), backlog=200)
        self.address, self.port = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def is_closing(self) -> threading.Event:
        return self._closing

    def wait_for(self, count: int, seconds=30) -> list[bytes]:
        end = time.monotonic() + seconds
        while len(self.messages) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.messages)} of {count} messages")
            time.sleep(0.02)
        return list(self.messages)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                self._converse(connection, lines)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _converse(self, connection, lines) -> None:
        def say(text: str) -> None:
            connection.sendall(text.encode() + b"\r\n")
        if self._behave(connection, "connect"):
            return
        say("220 host.example ESMTP")
        transaction = {}
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                names = ["host.example", *self._extensions]
                say("\r\n".join(f"250{'-' if name != names[-1] else ' '}{name}" for name in names))
            elif verb == b"MAIL":
                if self._behave(connection, "mail"):
                    return
                transaction = {"mail": line.decode().strip(), "rcpt": []}
                say("250 2.1.0 ok")
            elif verb == b"RCPT":
                transaction["rcpt"].append(line.decode().strip())
                say("250 2.1.5 ok")
            elif verb == b"DATA":
                if self._behave(connection, "data"):
                    return
                say("354 go on")
                content = b""
                while not (content == b".\r\n" or content.endswith(b"\r\n.\r\n")):
                    octets = lines.readline()
                    if not octets:
                        return
                    content += octets
                if self._behave(connection, "dot"):
                    return
                message = content[:-3].replace(b"\r\n.", b"\r\n")
                self.messages.append(message[1:] if message.startswith(b".") else message)
                self.transactions.append(transaction)
                say("250 2.0.0 taken")
            elif verb == b"QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 ok")
