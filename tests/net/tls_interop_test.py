"""Our TLS, in both roles, with OpenSSL at the other end.

tls_interop_test.py TLS_PROBE
"""

import sys
import tempfile
import unittest
from pathlib import Path

from openssl_peers import Lines, OpensslServer, Pki, fields, openssl, openssl_client, probe

HOST = "mail.example.org"
OTHER = "mail.example.net"
PROBE = ""
VERSIONS = {"1.2": "-tls1_2", "1.3": "-tls1_3"}
KINDS = ["p256", "rsa2048", "ed25519"]


class OurServer(Lines):
    """`tls_probe serve`: each connection it has served is a row of facts."""

    def __init__(self, pki, name, *options):
        super().__init__([PROBE, "serve", pki.pem(name), pki.key(name), *options])
        self.port = int(self.next(r"port=(\d+)")[1])

    def row(self) -> dict[str, str]:
        return fields(self.next("=")[0] and self.seen[-1])

    def rotate(self) -> None:
        self.say("rotate\n")
        self.next("rotated=1")


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="postrider-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.pki = pki = Pki(cls.folder)
        pki.make_ca("root")
        pki.make_ca("middle", "root")
        for kind in KINDS:
            pki.make_leaf(kind, "middle", HOST, key=kind)
        pki.make_leaf("other", "middle", OTHER)
        pki.make_leaf("client", "middle", "client.example.org")

    def ours(self, name="p256", *options) -> OurServer:
        server = OurServer(self.pki, name, *options)
        self.addCleanup(server.stop)
        return server

    def theirs(self, chain, *options) -> OpensslServer:
        server = OpensslServer(self.pki, chain, *options)
        self.addCleanup(server.stop)
        return server

    def ask(self, port, *options, line="hello") -> str:
        """One conversation of s_client: the line comes back, then it quits."""
        code, text = openssl_client(port, "-servername", HOST, "-ign_eof", *options, stdin=f"{line}\nQUIT\n".encode())
        self.assertEqual(code, 0, text)
        self.assertIn(f"\n{line}\n", text)
        return text

    # -- we are the server -------------------------------------------------------------------------------------------

    def test_serves_each_kind_of_key_in_both_versions(self):
        for kind in KINDS:
            server = self.ours(kind)
            for version, option in VERSIONS.items():
                with self.subTest(kind=kind, version=version):
                    text = self.ask(server.port, option, "-CAfile", self.pki.bundle(["middle", "root"]),
                                    "-verify_return_error", "-verify_hostname", HOST)
                    self.assertIn("Verify return code: 0 (ok)", text)
                    row = server.row()
                    self.assertEqual((row["version"], row["sni"], row["resumed"]), (f"TLSv{version}", HOST, "0"))

    def test_says_goodbye_and_hears_it(self):
        server = self.ours()
        for option in VERSIONS.values():
            # Without -ign_eof the end of input makes s_client close first, with its notice.
            code, _ = openssl_client(server.port, option, stdin=b"")
            self.assertEqual(code, 0)
            self.assertEqual(server.row()["ended"], "notify")
            # And ours ends theirs: after QUIT it reports no missing notice ("unexpected eof").
            self.assertNotIn("unexpected eof", self.ask(server.port, option))
            server.row()

    def test_tickets_resume_in_both_versions(self):
        server = self.ours()
        for version, option in VERSIONS.items():
            with self.subTest(version):
                kept = self.folder / f"session-{version}"
                self.assertIn("\nNew, ", self.ask(server.port, option, "-sess_out", kept))
                self.assertEqual(server.row()["resumed"], "0")
                self.assertIn("\nReused, ", self.ask(server.port, option, "-sess_in", kept))
                self.assertEqual(server.row()["resumed"], "1")

    def test_reconnects(self):
        server = self.ours()
        code, text = openssl_client(server.port, "-tls1_2", "-reconnect", stdin=b"")
        self.assertEqual(code, 0, text)
        self.assertEqual(text.count("\nReused, "), 5, text)
        self.assertEqual([server.row()["resumed"] for _ in range(6)], ["0", "1", "1", "1", "1", "1"])

    def test_a_ticket_outlives_two_rotations_and_no_more(self):
        for version, option in VERSIONS.items():
            with self.subTest(version):
                server = self.ours()
                kept = self.folder / f"rotated-{version}"
                self.ask(server.port, option, "-sess_out", kept)
                server.row()
                found = []
                for _ in range(4):
                    server.rotate()
                    self.ask(server.port, option, "-sess_in", kept)
                    found.append(server.row()["resumed"])
                self.assertEqual(found, ["1", "1", "0", "0"])

    def test_a_ticket_of_another_listener_is_none(self):
        first, second = self.ours(), self.ours()
        for version, option in VERSIONS.items():
            kept = self.folder / f"foreign-{version}"
            self.ask(first.port, option, "-sess_out", kept)
            self.assertIn("\nNew, ", self.ask(second.port, option, "-sess_in", kept))
            self.assertEqual(second.row()["resumed"], "0")

    def test_a_damaged_ticket_makes_a_full_handshake(self):
        server = self.ours()
        for version, option in VERSIONS.items():
            kept = self.folder / f"damaged-{version}"
            self.ask(server.port, option, "-sess_out", kept)
            server.row()
            der = self.folder / "session.der"
            openssl("sess_id", "-in", kept, "-outform", "DER", "-out", der)
            octets = bytearray(der.read_bytes())
            at = octets.rfind(b"\xaa\x81")  # [10] the ticket
            octets[at + 60] ^= 1
            der.write_bytes(octets)
            openssl("sess_id", "-inform", "DER", "-in", der, "-out", kept)
            self.assertIn("\nNew, ", self.ask(server.port, option, "-sess_in", kept))
            self.assertEqual(server.row()["resumed"], "0")

    def test_chooses_the_certificate_by_name(self):
        server = self.ours("p256", "--name", f"{self.pki.pem('other')},{self.pki.key('other')}")
        for name, shown in ((OTHER, "other"), (OTHER.upper(), "other"), (HOST, "p256"), ("unknown.example", "p256")):
            code, text = openssl_client(server.port, "-servername", name)
            self.assertEqual(code, 0, text)
            self.assertIn(f"subject=CN = {shown}\n", text)
            self.assertEqual(server.row()["sni"], name)
        code, text = openssl_client(server.port, "-noservername")
        self.assertIn("subject=CN = p256\n", text)

    def test_agrees_on_a_protocol_or_on_none(self):
        server = self.ours("p256", "--alpn", "smtp", "--alpn", "http/1.1")
        for option in VERSIONS.values():
            self.assertIn("ALPN protocol: http/1.1", self.ask(server.port, option, "-alpn", "h2,http/1.1"))
            self.assertEqual(server.row()["alpn"], "http/1.1")
            self.assertIn("No ALPN negotiated", self.ask(server.port, option))
            server.row()
            code, text = openssl_client(server.port, option, "-alpn", "h2")
            self.assertNotEqual(code, 0)
            self.assertIn("no application protocol", text)
            self.assertIn("failed", server.row())

    def test_refuses_what_is_old_or_weak(self):
        server = self.ours("rsa2048")
        for options, answer in ((["-tls1_1"], "protocol version"),
                                (["-tls1_2", "-cipher", "AES128-SHA256"], "handshake failure"),
                                (["-tls1_2", "-cipher", "aNULL"], "handshake failure"),
                                (["-tls1_2", "-cipher", "DHE"], "handshake failure")):
            more = [] if "-cipher" in options else ["-cipher", "ALL"]
            options = [word + ":@SECLEVEL=0" if word in ("ALL", "aNULL") else word for word in options + more]
            code, text = openssl_client(server.port, *options)
            self.assertNotEqual(code, 0, options)
            self.assertIn(answer, text, options)
            self.assertIn("failed", server.row())
        self.ask(server.port)  # and goes on

    def test_key_updates_and_renegotiation(self):
        server = self.ours()
        code, text = openssl_client(server.port, "-tls1_3", "-ign_eof", stdin=b"a\nQUIT\n")
        self.assertEqual(code, 0, text)
        server.row()
        client = Lines(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3"])
        self.addCleanup(client.stop)
        client.next("Verify return code")
        client.say("K\n")  # asks us for an update, too
        client.next("KEYUPDATE")
        client.say("after\n")
        client.next("^after$")
        client.say("QUIT\n")
        self.assertEqual(server.row()["version"], "TLSv1.3")
        # TLS 1.2: the peer asks for another handshake; it gets none, and the server stays.
        client = Lines(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"])
        self.addCleanup(client.stop)
        client.next("Verify return code")
        client.say("R\n")
        client.next("RENEGOTIATING")
        self.assertNotEqual(server.row()["ended"], "notify")
        self.ask(server.port)

    # -- we are the client -------------------------------------------------------------------------------------------

    def test_talks_to_each_kind_of_key_in_both_versions(self):
        for kind in KINDS:
            server = self.theirs([kind, "middle"])
            for version in VERSIONS:
                with self.subTest(kind=kind, version=version):
                    options = ["--version", version, "--trust", self.pki.pem("root")]
                    [row] = probe(PROBE, server.port, HOST, *options, "--say", "abc")
                    self.assertEqual((row.get("version"), row.get("answer"), row.get("verified")),
                                     (f"TLSv{version}", "cba", "1"), row)
                    [row] = probe(PROBE, server.port, OTHER, *options)
                    self.assertIn("not for", row["failed"])

    def test_comes_back_by_ticket(self):
        server = self.theirs(["p256"])
        first, again = probe(PROBE, server.port, HOST, "--version", "1.3", "--say", "abc", "--twice", "yes")
        self.assertEqual((first["resumed"], again["kept"], again["resumed"], again["answer"]), ("0", "1", "1", "cba"))
        # Of TLS 1.2 nothing is kept: the library can't go on where the server refuses the ticket.
        first, again = probe(PROBE, server.port, HOST, "--version", "1.2", "--say", "abc", "--twice", "yes")
        self.assertEqual((again["kept"], again["resumed"], again["answer"]), ("0", "0", "cba"))

    def test_a_server_without_tickets(self):
        server = self.theirs(["p256"], "-no_ticket", "-num_tickets", "0")
        first, again = probe(PROBE, server.port, HOST, "--say", "abc", "--twice", "yes")
        self.assertEqual((first["answer"], again["resumed"], again["answer"]), ("cba", "0", "cba"))

    def test_names_the_host_it_wants(self):
        server = self.theirs(["p256"], "-servername", OTHER, "-cert2", self.pki.pem("other"), "-key2",
                             self.pki.key("other"))
        [row] = probe(PROBE, server.port, OTHER, "--trust", self.pki.bundle(["middle", "root"]))
        self.assertEqual(row.get("verified"), "1", row)
        [row] = probe(PROBE, server.port, HOST, "--trust", self.pki.bundle(["middle", "root"]))
        self.assertEqual(row.get("verified"), "1", row)

    def test_offers_a_protocol(self):
        server = self.theirs(["p256"], "-alpn", "http/1.1")
        for version in VERSIONS:
            [row] = probe(PROBE, server.port, HOST, "--version", version, "--alpn", "http/1.1", "--say", "abc")
            self.assertEqual((row["alpn"], row["answer"]), ("http/1.1", "cba"))
            [row] = probe(PROBE, server.port, HOST, "--version", version, "--alpn", "h2")
            self.assertIn("no_application_protocol", row.get("failed", str(row)))

    def test_shows_its_certificate_where_one_is_asked_for(self):
        own = ["--cert", self.pki.bundle(["client", "middle"]), "--key", self.pki.key("client")]
        trust = ["-CAfile", self.pki.bundle(["middle", "root"])]
        for version in VERSIONS:
            with self.subTest(version):
                asks = self.theirs(["p256"], "-verify", "3", *trust)
                [row] = probe(PROBE, asks.port, HOST, "--version", version, "--say", "abc")
                self.assertEqual(row.get("answer"), "cba", row)  # it has none, and need not
                demands = self.theirs(["p256"], "-Verify", "3", "-verify_return_error", *trust)
                [row] = probe(PROBE, demands.port, HOST, "--version", version, "--say", "abc", *own)
                self.assertEqual(row.get("answer"), "cba", row)
                demands = self.theirs(["p256"], "-Verify", "3", "-verify_return_error", *trust)
                [row] = probe(PROBE, demands.port, HOST, "--version", version, "--say", "abc")
                self.assertNotEqual(row.get("answer"), "cba", row)

    def test_hears_goodbye(self):
        for version in VERSIONS:
            server = self.theirs(["p256"])
            [row] = probe(PROBE, server.port, HOST, "--version", version, "--say", "CLOSE")
            self.assertEqual((row["answer"], row["ended"]), ("", "notify"))  # s_server -rev closes at this word


if __name__ == "__main__":
    PROBE = sys.argv.pop(1)
    unittest.main(verbosity=2)
