"""Lists of addresses and domains in a real nsd, and greylisting: what a stranger hears, what the operator sees, and what
stays over a restart."""

import json
import socket
import tempfile
import time
import unittest
from pathlib import Path

from postrider import Server, fetched
from wire import Wire

from nsd import Nsd

USER, PASSWORD = "user@here.example", "correct horse battery staple"


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        try:
            cls.dns = Nsd(cls.folder / "dns", {
                "dbl.example": 'spam.example A 127.0.1.2\nspam.example TXT "its own words"\nabused.example A 127.0.1.102\n'
                               "*.spam.example A 127.0.1.2\nmild.co.uk A 127.0.1.3\n",
                "bl.example": '2.0.0.127 A 127.0.0.2\n2.0.0.127 TXT "seen sending spam"\n',
                "blocked.example": "* A 127.255.255.254\n",
                "wl.example": "3.0.0.127 A 127.0.5.1\n",
                "known.example": '@ TXT "v=spf1 ip4:127.0.0.0/8 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
            })
            cls.dns.start()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        cls.addClassCleanup(cls.dns.stop)

    def serve(self, name: str, settings: str) -> Server:
        self.port = fetched.free_port()
        server = Server(self.folder / name, dns_port=self.dns.port, settings=f"""
[[listener]]
service = "inbound"
address = "127.0.0.1:{self.port}"
tls = "none"
{settings}
""")
        server.start()
        self.addCleanup(server.stop)
        server.add_account(USER, PASSWORD)
        server.command("domain", "set", "here.example", "--hosted", "yes")
        return server

    def deliver(self, sender="a@good.example", author=None, source="127.0.0.1", to=USER, helo="client.good.example") -> tuple:
        """(RCPT's code, its text) if RCPT is refused, else those of the end of the message."""
        wire = Wire.__new__(Wire)
        wire.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(source, 0))
        wire._plain, wire._unread = wire.socket, b""
        with wire:
            wire.greet(helo)
            wire.expect(250, f"MAIL FROM:<{sender}>")
            code, text = wire.ask(f"RCPT TO:<{to}>")
            if code != 250:
                return code, text
            wire.expect(354, "DATA")
            wire.send(f"From: {author or sender or 'x@good.example'}\r\nSubject: s\r\n\r\nHello.\r\n.\r\n".encode())
            return wire.reply()

    def event(self, server: Server, **wanted) -> dict:
        end = time.monotonic() + 30
        while True:
            for event in server.read_events():
                if all(event.get(key) == value for key, value in wanted.items()):
                    return event
            if time.monotonic() > end:
                raise TimeoutError(f"no event {wanted} in {server.read_events()}")
            time.sleep(0.02)

    def test_lists_are_asked_for_all_names(self):
        server = self.serve("lists", """
[[inbound.dnsbl]]
zone = "bl.example"
[[inbound.dnsbl]]
zone = "blocked.example"
[[inbound.dnsbl]]
zone = "wl.example"
action = "allow"
[[inbound.domain_list]]
zone = "dbl.example"
answers = ["127.0.1.[2..99]"]
[[inbound.domain_list]]
zone = "dbl.example"
of = "from"
organizational = true
""")
        self.assertEqual(self.deliver()[0], 250)
        code, text = self.deliver(source="127.0.0.2")
        self.assertEqual((code, "bl.example (127.0.0.2: seen sending spam)" in text), (550, True), text)
        code, text = self.deliver("joe@spam.example")
        self.assertEqual((code, "sender domain spam.example is listed" in text), (550, True), text)
        self.assertEqual(self.deliver("joe@spam.example", to="postmaster@here.example")[0], 250)
        self.assertEqual(self.deliver("joe@spam.example", source="127.0.0.3")[0], 250)  # a list vouches for it
        self.assertEqual(self.deliver("joe@abused.example")[0], 250)  # its code is not among the answers
        code, text = self.deliver(helo="mail.spam.example")
        self.assertEqual((code, "HELO name mail.spam.example is listed" in text), (550, True), text)
        code, text = self.deliver(author="joe@mail.spam.example")
        self.assertEqual((code, "From domain mail.spam.example is listed" in text), (550, True), text)
        code, text = self.deliver(author="joe@news.mild.co.uk")  # the list knows the organizational domain only
        self.assertEqual((code, "From domain mild.co.uk is listed" in text), (550, True), text)
        told = server.wait_for_events("dns_list")
        self.assertTrue(1 <= len(told) <= 2, told)  # once a core
        self.assertTrue(told[0]["text"].startswith("blocked.example answers 127.255.255.254"), told)
        lists = {entry["zone"]: entry for entry in server.status()["lists"]}
        self.assertEqual(lists["blocked.example"]["state"], "faulty")
        self.assertEqual((lists["bl.example"]["state"], lists["bl.example"]["listed"]), ("sound", 1))
        self.assertEqual(lists["blocked.example"]["listed"], 0)

    def test_a_stranger_comes_back(self):
        server = self.serve("grey", """
[greylist]
enabled = true
delay = "1s"
""")
        code, text = self.deliver()
        self.assertEqual((code, text), (450, "4.7.1 Greylisted: please try again in 1 s"))
        self.event(server, event="refused", code=450, **{"from": "a@good.example"})
        [waiting] = json.loads(server.command("greylist", "list", "--json"))
        self.assertEqual((waiting["kind"], waiting["network"], waiting["domain"], waiting["recipient"]),
                         ("waiting", "127.0.0.0/24", "good.example", USER))
        server.stop()  # what is waited for stays
        server.start()
        time.sleep(1)
        self.assertEqual(self.deliver("b@good.example", source="127.0.0.9")[0], 250)
        self.assertIn("came back after", self.event(server, event="received")["text"])
        self.assertEqual(self.deliver("c@elsewhere.example")[0], 250)  # the network retries
        server.kill()  # what was learnt since the last minute may be gone, and nothing else
        server.start()
        self.assertIn(self.deliver("c@elsewhere.example")[0], (250, 450))
        counted = server.status()["greylist"]
        self.assertEqual(counted["networks"] + counted["waiting"] >= 1, True, counted)

    def test_the_operator_forgets(self):
        server = self.serve("forget", '[greylist]\nenabled = true\ndelay = "1s"\n')
        self.assertEqual(self.deliver("a@known.example")[0], 450)
        time.sleep(1)
        self.assertEqual(self.deliver("a@known.example")[0], 250)
        rows = json.loads(server.command("greylist", "list", "--json"))
        self.assertEqual({row["kind"]: row["good"] for row in rows}, {"network": 1, "domain": 1})
        self.assertIn("known.example", server.command("greylist", "list"))
        server.command("greylist", "forget", "127.0.0.0/24")
        self.assertEqual(self.deliver("b@known.example")[0], 250)  # DMARC proves the domain
        self.assertIn("nothing is known of nobody.example", server.command("greylist", "forget", "nobody.example", code=1))
        server.command("greylist", "forget", "all")
        self.assertIn("Nobody is known", server.command("greylist", "list"))
        self.assertEqual(self.deliver("b@known.example")[0], 450)


if __name__ == "__main__":
    unittest.main()
