"""Hostile octets on the wire: nothing ends a message but CRLF "." CRLF, nothing said in plain counts under TLS, and
what is too long, too much or no SMTP at all gets the reply that fits."""

import base64
import random
import tempfile
import unittest
from pathlib import Path

from postrider import Server, fetched
from wire import Host, Wire

from postfix import Postfix

USER, PASSWORD = "app@shop.example", "correct horse battery staple"

# Each was taken for the end of a message by some server once.
FALSE_ENDS = {
    "LF dot LF": b"\n.\n",
    "LF dot CRLF": b"\n.\r\n",
    "CR dot CRLF": b"\r.\r\n",
    "CRLF dot LF": b"\r\n.\n",
    "CRLF dot CR": b"\r\n.\r",
    "CR dot CR": b"\r.\r",
    "LF dot CR": b"\n.\r",
    "CR dot LF": b"\r.\n",
    "CRLF CR dot CRLF": b"\r\n\r.\r\n",
    "CR CRLF stuffed dot CRLF": b"\r\r\n..\r\n",
    "CRLF dot CR CR LF": b"\r\n.\r\r\n",
    "LF LF dot LF LF": b"\n\n.\n\n",
    "CRLF dot blank CRLF": b"\r\n. \r\n",
    "CRLF blank dot CRLF": b"\r\n .\r\n",
}
# NUL is no text: the whole message is refused at its true end.
NUL_ENDS = {
    "CRLF dot NUL CRLF": b"\r\n.\0\r\n",
    "CRLF NUL dot CRLF": b"\r\n\0.\r\n",
    "NUL CRLF dot CR NUL LF": b"\0\r\n.\r\0\n",
}
SMUGGLED = (b"MAIL FROM:<evil@shop.example>\r\nRCPT TO:<evil@sink.example>\r\nDATA\r\n"
            b"From: evil@shop.example\r\nSubject: smuggled\r\n\r\nsmuggled content\r\n")


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        folder = Path(cls._folder.name)
        cls.mta = Postfix(folder / "mta", domains=["example.net"])
        try:
            cls.mta.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(cls._folder.cleanup)
        cls.addClassCleanup(cls.mta.stop)
        cls.sink = Host()
        cls.addClassCleanup(cls.sink.stop)
        cls.relay_tls = fetched.free_port()
        cls.server = Server(folder / "postrider", settings=f"""
[[listener]]
service = "relay"
address = "127.0.0.1:{cls.relay_tls}"
tls = "starttls"
allow = ["127.0.0.1"]
[[route]]
domain = "sink.example"
via = ["127.0.0.1:{cls.sink.port}"]
[[route]]
domain = "example.net"
via = ["127.0.0.1:{cls.mta.port}"]
[limits]
message_size = "4MiB"
sessions_per_address = 1000
""")
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.server.add_account(USER, PASSWORD)

    def setUp(self):
        self.pid = self.server.pid

    def tearDown(self):
        """The same process still serves, and takes no harm from what was done to it."""
        with self.relay() as wire:
            wire.expect(250, "NOOP")
        self.assertEqual(self.server.pid, self.pid)
        self.server.wait_until_empty()
        self.assertFalse([m for m in self.sink.messages if b"Subject: smuggled" in m.split(b"\r\n\r\n", 1)[0]])

    def relay(self) -> Wire:
        wire = Wire(self.server.relay)
        wire.greet()
        return wire

    def submission(self) -> Wire:
        wire = Wire(self.server.submissions, tls=True)
        wire.greet()
        wire.log_in(USER, PASSWORD)
        return wire

    def arrivals(self, send, count=1) -> list[bytes]:
        """Exactly what reaches the strict host."""
        before = len(self.sink.messages)
        send()
        self.server.wait_until_empty()
        found = self.sink.messages[before:]
        self.assertEqual(len(found), count, found)
        return found

    @staticmethod
    def cuts(content: bytes, awkward: bytes):
        """Whole, octet by octet, and cut in two at each point in and around `awkward`."""
        yield "whole", [content]
        yield "octets", [content[i:i + 1] for i in range(len(content))]
        at = content.index(awkward)
        for cut in range(at, at + len(awkward) + 1):
            yield f"cut at {cut - at}", [content[:cut], content[cut:]]
        yield "around", [content[:at], awkward, content[at + len(awkward):]]

    # -- the end of data ----------------------------------------------------------------------------------------------

    def test_no_false_end_splits_a_message_at_the_relay(self):
        for name, false_end in FALSE_ENDS.items():
            content = b"From: a@shop.example\r\nSubject: outer\r\n\r\nbefore" + false_end + SMUGGLED + b".\r\n"
            for how, pieces in self.cuts(content, false_end):
                with self.subTest(end=name, cut=how), self.relay() as wire:
                    def send():
                        wire.begin(USER, ["a@sink.example"])
                        wire.send_pieces(pieces)
                        self.assertEqual(wire.reply()[0], 250)
                        self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")  # and nothing came between
                        wire.expect(221, "QUIT")
                    [message] = self.arrivals(send)
                    self.assertIn(b"Subject: outer\r\n", message)
                    self.assertIn(b"MAIL FROM:<evil@shop.example>\r\n", message.split(b"\r\n\r\n", 1)[1])
                    self.assertNotIn(b"\n", message.replace(b"\r\n", b""))
                    self.assertNotIn(b"\r", message.replace(b"\r\n", b""))

    def test_no_false_end_splits_a_message_at_submission(self):
        for name, false_end in FALSE_ENDS.items():
            content = b"From: app@shop.example\r\nSubject: outer\r\n\r\nbefore" + false_end + SMUGGLED + b".\r\n"
            for how, pieces in [("whole", [content]), ("octets", [content[i:i + 1] for i in range(len(content))])]:
                with self.subTest(end=name, cut=how), self.submission() as wire:
                    def send():
                        wire.begin(USER, ["a@sink.example"])
                        for piece in pieces:
                            wire.send(piece)  # a TLS record each
                        self.assertEqual(wire.reply()[0], 250)
                        self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")
                    [message] = self.arrivals(send)
                    self.assertIn(b"MAIL FROM:<evil@shop.example>\r\n", message.split(b"\r\n\r\n", 1)[1])

    def test_a_lenient_next_hop_sees_one_message_too(self):
        before = len(self.mta.messages())
        for false_end in FALSE_ENDS.values():
            with self.relay() as wire:
                wire.begin(USER, ["a@example.net"])
                wire.send(b"From: a@shop.example\r\nSubject: outer\r\n\r\nbefore" + false_end
                          + SMUGGLED.replace(b"sink.example", b"example.net") + b".\r\n")
                self.assertEqual(wire.reply()[0], 250)
        self.server.wait_until_empty()
        found = [path.read_bytes() for path in self.mta.wait_for_messages(before + len(FALSE_ENDS))[before:]]
        self.assertEqual(len(found), len(FALSE_ENDS))
        for message in found:
            self.assertIn(b"Delivered-To: a@example.net\n", message)
            self.assertIn(b"smuggled content", message)

    def test_nul_is_refused_and_ends_nothing(self):
        for name, false_end in NUL_ENDS.items():
            content = b"From: a@shop.example\r\n\r\nbefore" + false_end + SMUGGLED + b".\r\n"
            for how, pieces in self.cuts(content, false_end):
                with self.subTest(end=name, cut=how), self.relay() as wire:
                    def send():
                        wire.begin(USER, ["a@sink.example"])
                        wire.send_pieces(pieces)
                        code, text = wire.reply()
                        self.assertEqual((code, text[:5]), (550, "5.6.0"))
                        self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")
                    self.arrivals(send, 0)

    def test_dots_are_taken_off_once(self):
        def send():
            with self.relay() as wire:
                wire.begin(USER, ["a@sink.example"])
                wire.send_pieces([b"From: a@shop.example\r\n\r\n..\r", b"\n", b".", b".b\r\n...\r\n.", b".\r\n", b".", b"\r", b"\n"])
                self.assertEqual(wire.reply()[0], 250)
        [message] = self.arrivals(send)
        self.assertTrue(message.endswith(b"\r\n\r\n.\r\n.b\r\n..\r\n.\r\n"), message[-60:])

    # -- commands -----------------------------------------------------------------------------------------------------

    def test_bare_line_breaks_end_no_command(self):
        for line in (b"NOOP\nNOOP", b"NOOP\rNOOP", b"NOOP\n\rNOOP", b"NOOP\0", b"\nNOOP", b"EHLO x\nMAIL FROM:<a@shop.example>",
                     b"MAIL FROM:<a@shop.example>\nRCPT TO:<evil@sink.example>", b"MAIL FROM:<a\r@shop.example>"):
            for how in ("whole", "octets"):
                with self.subTest(line=line, cut=how), self.relay() as wire:
                    pieces = [line + b"\r\n"] if how == "whole" else [bytes([c]) for c in line + b"\r\n"]
                    wire.send_pieces(pieces)
                    code, text = wire.reply()
                    self.assertEqual((code, text[:5]), (500, "5.5.2"))
                    wire.expect(503, "RCPT TO:<evil@sink.example>")
                    self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")

    def test_what_is_said_before_tls_is_forgotten(self):
        for port in (self.server.submission, self.relay_tls):
            for injected in (b"NOOP\r\n", b"EHLO x\r\nMAIL FROM:<evil@shop.example>\r\nRCPT TO:<evil@sink.example>\r\n", b"N"):
                with self.subTest(port=port, injected=injected), Wire(port) as wire:
                    wire.greet()
                    wire.send(b"STARTTLS\r\n" + injected)
                    self.assertEqual([code for code, _ in wire.replies_to_the_end()], [554])
        # Cut behind the command: 220 has gone out, and what comes is no handshake.
        with Wire(self.relay_tls) as wire:
            wire.greet()
            wire.send_pieces([b"STARTTLS\r\n", b"NOOP\r\nNOOP\r\n"])
            self.assertEqual(wire.reply()[0], 220)
            with self.assertRaises((AssertionError, ValueError, IndexError), msg="a reply to injected commands"):
                self.fail("closed") if wire.reply()[0] == 0 else None
        with Wire(self.relay_tls) as wire:
            wire.greet("before.example")
            wire.expect(250, "MAIL FROM:<evil@shop.example>")
            wire.expect(250, "RCPT TO:<evil@sink.example>")
            wire.expect(220, "STARTTLS")
            wire.start_tls()
            wire.expect(503, "RCPT TO:<evil@sink.example>")
            wire.expect(503, "DATA")
            self.assertNotIn("STARTTLS", wire.expect(250, "EHLO after.example"))
            wire.expect(503, "DATA")
            wire.expect(503, "STARTTLS")

    def test_a_tls_client_at_a_plain_port(self):
        with Wire(self.relay_tls) as wire:
            self.assertEqual(wire.reply()[0], 220)
            wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)))
            self.assertEqual([code for code, _ in wire.replies_to_the_end()], [554])

    def test_oversized_auth_lines(self):
        with Wire(self.server.submissions, tls=True) as wire:
            wire.greet()
            code, text = wire.ask("AUTH PLAIN " + "A" * 20000)
            self.assertEqual((code, text[:5]), (500, "5.5.2"))
            wire.expect(334, "AUTH PLAIN")
            code, text = wire.ask("A" * 2_000_000)
            self.assertEqual((code, text[:5]), (500, "5.5.2"))
            wire.log_in(USER, PASSWORD)
        with Wire(self.server.submissions, tls=True) as wire:
            wire.greet()
            wire.expect(501, "AUTH PLAIN not*base64")
            wire.expect(504, "AUTH GSSAPI")
            wire.expect(334, "AUTH LOGIN")
            wire.expect(501, "*")
            self.assertIn(wire.ask("AUTH PLAIN " + base64.b64encode(b"\0" * 5000).decode())[0], (501, 535))
            wire.expect(250, "NOOP")

    def test_oversized_commands(self):
        with self.relay() as wire:
            for line in ("MAIL FROM:<" + "a" * 3000 + "@shop.example>", "NOOP " + "x" * 2_000_000, "X" * 100_000):
                code, text = wire.ask(line)
                self.assertEqual((code, text[:5]), (500, "5.5.2"))
            self.assertEqual(wire.ask("MAIL FROM:<" + "a" * 65 + "@shop.example>")[0], 501)
            self.assertEqual(wire.ask("MAIL FROM:<a@" + "a." * 150 + "example>")[0], 501)
            self.assertEqual(wire.ask("MAIL FROM:<a@shop.example> SIZE=99999999999")[0], 552)
            self.assertEqual(wire.ask("MAIL FROM:<a@shop.example> SIZE=9999999999999999999999999")[0], 501)
            self.assertEqual(wire.ask("MAIL FROM:<a@shop.example> XFOO=1")[0], 555)
            wire.expect(250, "MAIL FROM:<a@shop.example>")

    def test_ten_thousand_recipients(self):
        with self.relay() as wire:
            wire.expect(250, f"MAIL FROM:<{USER}>")
            codes = []
            for first in range(0, 10_000, 500):
                wire.send(b"".join(b"RCPT TO:<r%d@sink.example>\r\n" % i for i in range(first, first + 500)))
                codes += [wire.reply() for _ in range(500)]
            self.assertEqual([code for code, _ in codes[:1000]], [250] * 1000)
            self.assertEqual({(code, text[:5]) for code, text in codes[1000:]}, {(452, "4.5.3")})
            wire.expect(250, "RSET")
            self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")

    # -- BDAT ---------------------------------------------------------------------------------------------------------

    def test_chunks_hold_what_they_say(self):
        header = b"From: a@shop.example\r\nSubject: chunk\r\n\r\n"
        content = header + b"x\r\n.\r\n" + SMUGGLED
        for how, pieces in self.cuts(b"BDAT %d LAST\r\n" % len(content) + content + b"NOOP\r\n", b"\r\n.\r\n"):
            with self.subTest(cut=how), self.relay() as wire:
                def send():
                    wire.expect(250, f"MAIL FROM:<{USER}>")
                    wire.expect(250, "RCPT TO:<a@sink.example>")
                    wire.send_pieces(pieces)
                    self.assertEqual(wire.reply()[0], 250)
                    self.assertEqual(wire.reply(), (250, "2.0.0 Ok"))
                [message] = self.arrivals(send)
                self.assertTrue(message.endswith(b"x\r\n.\r\n" + SMUGGLED), message)

    def test_chunks_with_wrong_sizes(self):
        def begun() -> Wire:
            wire = self.relay()
            wire.expect(250, f"MAIL FROM:<{USER}>")
            wire.expect(250, "RCPT TO:<a@sink.example>")
            return wire

        def too_small():  # what is left over is no command
            with begun() as wire:
                wire.send(b"BDAT 28 LAST\r\nFrom: a@shop.example\r\n\r\nxx\r\nrest of it\r\n")
                self.assertEqual(wire.reply()[0], 250)
                self.assertEqual(wire.reply()[0], 500)
        [message] = self.arrivals(too_small)
        self.assertNotIn(b"rest of it", message)

        def too_large():
            with begun() as wire:
                wire.send(b"BDAT 1000 LAST\r\nFrom: a@shop.example\r\n\r\nQUIT\r\n")
        self.arrivals(too_large, 0)

        for size in ("abc", "-1", "1e3", "", "99999999999999999999999", "5 FIRST", "0x10"):
            with self.subTest(size=size), begun() as wire:
                wire.send(f"BDAT {size}\r\nMAIL FROM:<evil@shop.example>\r\n".encode())
                self.assertEqual([code for code, _ in wire.replies_to_the_end()], [501, 554])

        def beyond_the_limit():
            with begun() as wire:
                wire.send(b"BDAT 5000024 LAST\r\n" + b"From: a@shop.example\r\n\r\n" + (b"x" * 78 + b"\r\n") * 62_500)
                self.assertEqual(wire.reply()[0], 552)
                self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")
        self.arrivals(beyond_the_limit, 0)

        def chunk_then_data():
            with begun() as wire:
                wire.send(b"BDAT 5\r\nFrom:")
                self.assertEqual(wire.reply()[0], 250)
                wire.expect(503, "DATA")
                wire.expect(503, "MAIL FROM:<evil@shop.example>")
                wire.expect(250, "RSET")
        self.arrivals(chunk_then_data, 0)

        with self.relay() as wire:  # before MAIL: its octets are no commands
            wire.send(b"BDAT 6 LAST\r\nQUIT\r\n")
            self.assertEqual(wire.reply()[0], 503)
            wire.expect(250, "NOOP")

    # -- out of order, and no SMTP --------------------------------------------------------------------------------------

    def test_data_without_recipients(self):
        with self.relay() as wire:
            wire.expect(503, "DATA")
            wire.expect(250, f"MAIL FROM:<{USER}>")
            wire.expect(554, "DATA")
            wire.expect(250, "NOOP")
        with self.relay() as wire:  # content that did not wait is not read as commands
            wire.send(b"MAIL FROM:<%s>\r\nDATA\r\n" % USER.encode() + SMUGGLED + b".\r\n")
            self.assertEqual([code for code, _ in wire.replies_to_the_end()], [250, 554, 554])

    def test_browsers_and_junk(self):
        for request in (b"GET / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n",
                        b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nEHLO x\r\nMAIL FROM:<evil@shop.example>\r\n"):
            for pieces in ([request], [bytes([c]) for c in request]):
                with Wire(self.server.relay) as wire:
                    self.assertEqual(wire.reply()[0], 220)
                    try:
                        wire.send_pieces(pieces)
                    except ConnectionError:
                        pass  # it has hung up in the middle, as it should
                    self.assertIn([code for code, _ in wire.replies_to_the_end()], ([554], []))
        for seed in range(8):
            junk = random.Random(seed).randbytes(200_000)
            for port in (self.server.relay, self.server.submission, self.server.submissions):
                with self.subTest(seed=seed, port=port), Wire(port) as wire:
                    try:
                        wire.send(junk + b"\r\nQUIT\r\n")
                        found = wire.replies_to_the_end() if port != self.server.submissions else []
                    except (ConnectionError, ValueError):
                        found = []
                    self.assertFalse([code for code, _ in found[1:] if code < 400 and code != 221], found)

    def test_lines_of_a_mebibyte(self):
        for content in (b"Subject: " + b"x" * (1 << 20) + b"\r\n\r\nx\r\n", b"Subject: x\r\n\r\n" + b"x" * (1 << 20) + b"\r\n",
                        b"X-A: b\r\n" * (1 << 17) + b"\r\nx\r\n"):
            with self.subTest(content=content[:20]), self.relay() as wire:
                def send():
                    wire.begin(USER, ["a@sink.example"])
                    wire.send(b"From: a@shop.example\r\n" + content + b".\r\n")
                    code, text = wire.reply()
                    self.assertIn((code, text[:5]), ((500, "5.6.0"), (552, "5.3.4")))
                    self.assertEqual(wire.expect(250, "NOOP"), "2.0.0 Ok")
                self.arrivals(send, 0)

    def test_errors_come_to_an_end(self):
        with self.relay() as wire:
            wire.send(b"BOGUS\r\n" * 100)
            codes = [code for code, _ in wire.replies_to_the_end()]
            self.assertEqual(codes, [500] * 20 + [421])
        with self.relay() as wire:
            wire.send(b"NOOP\r\n" * 200)
            codes = [code for code, _ in wire.replies_to_the_end()]
            self.assertEqual(codes[-1], 421)
            self.assertLessEqual(len(codes), 102)

    def test_nobodys_addresses_are_told(self):
        with self.relay() as wire:
            self.assertEqual(wire.ask("VRFY postmaster")[0], 252)
            self.assertEqual(wire.ask("VRFY")[0], 501)
            self.assertEqual(wire.ask("EXPN list")[0], 502)
            self.assertEqual(wire.ask("HELP")[0], 214)

    def test_strangers_may_not_relay(self):
        with Wire(self.server.submission) as wire:
            wire.greet()
            wire.expect(530, "MAIL FROM:<a@shop.example>")
            wire.expect(220, "STARTTLS")
            wire.start_tls()
            wire.expect(250, "EHLO client.example")
            wire.expect(530, "MAIL FROM:<a@shop.example>")


if __name__ == "__main__":
    unittest.main(verbosity=2)
