"""SIGHUP: listeners, limits, routes and delivery settings change while conversations and the queue go on."""

import smtplib
import socket
import socketserver
import tempfile
import threading
import time
import unittest
from pathlib import Path

from postrider import Server, fetched


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that takes everything and counts."""

    allow_reuse_address = True
    daemon_threads = True

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 sink\r\n")
            in_data = False
            for line in self.rfile:
                if in_data:
                    if line == b".\r\n":
                        in_data = False
                        self.server.taken += 1
                        self.wfile.write(b"250 taken\r\n")
                elif line.upper().startswith(b"DATA"):
                    in_data = True
                    self.wfile.write(b"354 go\r\n")
                elif line.upper().startswith(b"QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    def handle_error(self, request, client_address):
        pass  # a server that stops breaks its idle connections off

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Sink.Conversation)
        self.port, self.taken = self.server_address[1], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


MESSAGE = "From: a@shop.example\r\nSubject: x\r\n\r\nhello\r\n"


class Reload(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-reload-")
        self.addCleanup(folder.cleanup)
        self.sink = Sink()
        self.addCleanup(self.sink.server_close)
        self.addCleanup(self.sink.shutdown)
        # Nothing answers DNS: only a route brings mail anywhere.
        self.server = Server(Path(folder.name), dns_port=fetched.free_port(), delivery='retry = ["1s"]\n')
        self.addCleanup(self.server.stop)
        self.server.start()

    def reload(self, settings: str, replace=("", "")) -> str:
        """Adds to the configuration, SIGHUP; what the log says of it."""
        before = self.server.log.read_text()
        self.server.config.write_text(self.server.config.read_text().replace(*replace) + settings)
        self.server.hangup()
        end = time.monotonic() + 20
        while "reloaded" not in (said := self.server.log.read_text()[len(before):]):
            self.assertLess(time.monotonic(), end, said)
            time.sleep(0.02)
        return said

    def test_listeners_limits_and_routes_change_and_nothing_is_dropped(self):
        extra = fetched.free_port()
        before = smtplib.SMTP("127.0.0.1", self.server.relay)
        self.addCleanup(before.close)
        before.ehlo()
        self.assertEqual(before.esmtp_features["size"], str(50 << 20))
        before.mail("a@shop.example")
        before.rcpt("x@routed.example")
        self.reload(f"""
[limits]
message_size = "1MiB"
[[listener]]
service = "relay"
address = "127.0.0.1:{extra}"
tls = "none"
allow = ["127.0.0.1/32"]
[[route]]
domain = "routed.example"
via = ["127.0.0.1:{self.sink.port}"]
""")
        for port in (extra, self.server.relay):
            with smtplib.SMTP("127.0.0.1", port) as after:
                after.ehlo()
                self.assertEqual(after.esmtp_features["size"], str(1 << 20), f"port {port}")
        code, text = before.data(MESSAGE)  # what had begun before the reload is finished
        self.assertEqual(code, 250, text)
        # Then its listener's time is over; a client comes again.
        self.assertEqual(before.noop()[0], 421)
        self.server.wait_for_events("delivered", 1)
        self.assertEqual(self.sink.taken, 1)

    def test_a_route_frees_what_was_deferred(self):
        with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
            client.sendmail("a@shop.example", ["x@late.example"], MESSAGE)
        self.server.wait_for_events("deferred", 1)
        self.reload(f'[[route]]\ndomain = "*"\nvia = ["127.0.0.1:{self.sink.port}"]\n')
        self.server.wait_for_events("delivered", 1)
        self.server.wait_until_empty()

    def test_a_listener_that_can_not_open_changes_nothing(self):
        taken = self.sink.port
        said = self.reload(f"""
[limits]
message_size = "1MiB"
[[listener]]
service = "relay"
address = "127.0.0.1:{taken}"
tls = "none"
allow = ["127.0.0.1/32"]
""")
        self.assertIn("not reloaded", said)
        self.assertIn(f"can't listen on 127.0.0.1:{taken}", said)
        with smtplib.SMTP("127.0.0.1", self.server.relay) as client:
            client.ehlo()
            self.assertEqual(client.esmtp_features["size"], str(50 << 20))
            client.sendmail("a@shop.example", ["x@still.example"], MESSAGE)
        self.assertEqual(self.server.stop(), 0)

    def lmtp(self) -> str:
        """What the LMTP socket offers to who comes now."""
        path = self.server.folder / "lmtp.sock"
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(path))
            client.sendall(b"LHLO here\r\nQUIT\r\n")
            return client.makefile("rb").read().decode()

    def test_a_socket_outlives_its_listeners(self):
        listener = """
[[listener]]
service = "lmtp"
socket = "lmtp.sock"
tls = "none"
"""
        self.reload(listener)
        self.assertIn(f"SIZE {50 << 20}\r\n", self.lmtp())
        said = self.reload('[limits]\nmessage_size = "1MiB"\n')
        self.assertNotIn("not reloaded", said)
        self.assertIn(f"SIZE {1 << 20}\r\n", self.lmtp())
        time.sleep(0.2)  # the old listener has gone by now, and left the path alone
        self.assertIn(f"SIZE {1 << 20}\r\n", self.lmtp())
        # One that is refused after it had opened the socket too.
        said = self.reload(f"""
[[listener]]
service = "relay"
address = "127.0.0.1:{self.sink.port}"
tls = "none"
allow = ["127.0.0.1/32"]
""", ('"1MiB"', '"2MiB"'))
        self.assertIn("not reloaded", said)
        time.sleep(0.2)
        self.assertIn(f"SIZE {1 << 20}\r\n", self.lmtp())


if __name__ == "__main__":
    unittest.main(verbosity=2)
