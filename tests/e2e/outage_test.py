"""Next hops and DNS that are down, stall, or break off: nothing is lost, and all arrives once, in its turn."""

import re
import smtplib
import socket
import struct
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from postrider import Server, fetched
from wire import Host

from nsd import Nsd
from postfix import Postfix

SENDER = "app@shop.example"


class ManyAddresses(Postfix):
    """One Postfix that is the MX host at several addresses, all with the same port."""

    def __init__(self, folder, addresses, **settings):
        super().__init__(folder, address=addresses[0], **settings)
        self._others = addresses[1:]

    def _write_configuration(self):
        super()._write_configuration()
        with open(self.folder / "etc" / "master.cf", "a") as master:
            master.writelines(f"{address}:{self.port} inet n - n - - smtpd\n" for address in self._others)


def submit(server: Server, recipients, subject="x", size=100) -> list[str]:
    """One message to each recipient through the relay listener; their Message-IDs, all of which got 250."""
    ids = []
    with smtplib.SMTP("127.0.0.1", server.relay) as client:
        for number, recipient in enumerate(recipients):
            ids.append(f"<{subject}-{number}@shop.example>")
            client.sendmail(SENDER, [recipient], f"From: {SENDER}\r\nTo: {recipient}\r\nSubject: {subject} {number}\r\n"
                            f"Message-ID: {ids[-1]}\r\n\r\n" + ("y" * 70 + "\r\n") * (size // 72))
    return ids


def message_id(octets: bytes) -> str:
    return re.search(rb"^Message-ID: (<.*>)", octets, re.M | re.I)[1].decode()


class Outage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postrider-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def enter(self, context):
        try:
            entered = context.__enter__()
        except fetched.Unavailable as why:
            raise unittest.SkipTest(str(why))
        self.addCleanup(context.__exit__, None, None, None)
        return entered

    def wait(self, is_so, what, seconds=30):
        end = time.monotonic() + seconds
        while not (found := is_so()):
            self.assertLess(time.monotonic(), end, f"not in {seconds} s: {what}")
            time.sleep(0.05)
        return found

    def assert_no_bounce(self, server):
        kinds = Counter(event["event"] for event in server.read_events())
        self.assertEqual(kinds["bounced"] + kinds["expired"], 0, kinds)

    # -- the next hop ---------------------------------------------------------------------------------------------------

    def test_the_next_hop_is_down_for_a_while(self):
        mta = Postfix(self.folder / "mta", domains=["example.net"])
        dns = self.enter(Nsd(self.folder / "dns", {"example.net": "@ MX 10 mx\nmx A 127.0.0.1\n"}))
        # One core and one connection: the order of arrival is the order of the attempts.
        server = self.enter(Server(self.folder / "p", dns_port=dns.port, settings="[engine]\ncores = 1\n",
                                   delivery=f'port = {mta.port}\nretry = ["4s"]\nconnections_per_site = 1\n'))
        ids = submit(server, [f"r{i}@example.net" for i in range(40)], "outage")
        rows = self.wait(lambda: (rows := server.queue("state=deferred")) and len(rows) == 40 and rows, "40 are deferred")
        self.assertEqual({row["last"]["enhanced"] for row in rows}, {"4.4.1"})
        self.assertIn("refused", rows[0]["last"]["text"])
        self.assertTrue(all(row["attempts"] >= 1 and row["next_due"] for row in rows))
        self.assert_no_bounce(server)

        due = {row["id"]: row["next_due"] for row in rows}
        self.enter(mta)
        while rows := server.queue():  # each pause is longer than a look takes: the last due time seen is the one it had
            due |= {row["id"]: row["next_due"] for row in rows if row["state"] == "deferred"}
        found = [message_id(path.read_bytes()) for path in mta.wait_for_messages(40)]
        self.assertEqual(Counter(found), Counter(ids))
        self.assert_no_bounce(server)
        times = [due[event["id"]] for event in server.wait_for_events("delivered", 40)]
        self.assertEqual(len(times), 40)
        self.assertEqual(times, sorted(times), "not in the order of their due times")

    def test_a_retry_by_hand_does_not_wait_for_the_site_to_recover(self):
        mta = Postfix(self.folder / "mta", domains=["example.net"])
        dns = self.enter(Nsd(self.folder / "dns", {"example.net": "@ MX 10 mx\nmx A 127.0.0.1\n"}))
        server = self.enter(Server(self.folder / "p", dns_port=dns.port, delivery=f'port = {mta.port}\nretry = ["1h"]\n'))
        submit(server, ["a@example.net"], "by hand")
        self.wait(lambda: server.queue("state=deferred"), "deferred")
        self.enter(mta)
        server.command("queue", "retry", "--where", "domain=example.net")
        mta.wait_for_messages(1, 10)

    # -- half of the MX hosts ---------------------------------------------------------------------------------------------

    def hosts(self, *behaviours):
        """Bad hosts at 127.0.1.21 and on, with one port, which a Postfix at 127.0.1.11 to 13 has too."""
        port = fetched.free_port()
        good = [f"127.0.1.{11 + i}" for i in range(3)]
        bad = [f"127.0.1.{21 + i}" for i in range(3)]
        self.mta = self.enter(ManyAddresses(self.folder / "mta", good, domains=["half.example"], reject=["nobody"], port=port))
        self.fakes = [self.enter(Host(address, port, behave)) for address, behave in zip(bad, behaviours) if behave]
        # The bad ones are asked first, so that each of them is met.
        zone = "".join(f"@ MX {10 if address in good else 5} mx{i}\nmx{i} A {address}\n"
                       for i, address in enumerate([*good, *bad]))
        self.dns = self.enter(Nsd(self.folder / "dns", {"half.example": zone, "shop.example": "@ MX 0 .\n"}))
        self.server = self.enter(Server(
            self.folder / "p", dns_port=self.dns.port,
            delivery=f'port = {port}\nretry = ["1s", "2s"]\ngreeting_timeout = "1s"\nmessages_per_connection = 1\nipv6 = false\n'))

    def every_message_ends(self, maybe_twice=lambda: set()):
        recipients = [("nobody" if i % 8 == 7 else f"r{i}") + "@half.example" for i in range(80)]
        ids = submit(self.server, recipients, "half", 20_000)
        self.server.wait_until_empty(60)
        wanted = Counter(mid for mid, to in zip(ids, recipients) if not to.startswith("nobody"))
        arrived = Counter(message_id(path.read_bytes()) for path in self.mta.wait_for_messages(len(wanted)))
        self.assertEqual(arrived, wanted)
        def ends():
            return Counter(event["event"] for event in self.server.read_events() if event.get("to", "").endswith("half.example")
                           and event["event"] in ("delivered", "bounced", "expired"))
        self.wait(lambda: ends().total() >= len(recipients), "an end of each")
        self.assertEqual(ends(), {"delivered": 70, "bounced": 10})
        return self.server.read_events()

    def test_hosts_that_refuse_stall_and_are_busy(self):
        def stall(_, stage):
            return stage == "connect" and bool(self.fakes[0].is_closing().wait(30) or True)

        def busy(connection, stage):
            return stage == "connect" and connection.sendall(b"421 4.3.2 too busy\r\n") is None
        self.hosts(stall, busy, None)  # and nothing listens at the third
        self.every_message_ends()
        self.assertTrue(all(fake.connections for fake in self.fakes))
        self.assertFalse([message for fake in self.fakes for message in fake.messages])

    def test_hosts_that_break_off_in_the_middle(self):
        taken = []

        def at(wanted):
            def behave(connection, stage):
                if stage != wanted:
                    return False
                if wanted == "dot":
                    taken.append(stage)
                # A reset, as of a process that dies.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return True
            return behave
        self.hosts(at("mail"), at("data"), at("dot"))
        events = self.every_message_ends()
        self.assertTrue(all(fake.connections for fake in self.fakes))
        # Who closes after the final dot may have taken the message: it is tried again, and each such doubt is named.
        doubts = [event for event in events if event["event"] == "deferred" and "127.0.1.23" in event.get("remote", "")]
        self.assertGreaterEqual(len(doubts), len(taken), [event for event in events if event["event"] == "deferred"][:5])
        self.assertTrue(all(event["enhanced"] == "4.4.2" and event["text"] for event in doubts), doubts[:3])

    # -- DNS --------------------------------------------------------------------------------------------------------------

    def test_dns_is_down_for_a_while(self):
        mta = self.enter(Postfix(self.folder / "mta", domains=["example.net", "example.com"]))
        dns = Nsd(self.folder / "dns", {"example.net": "@ MX 10 mx\nmx A 127.0.0.1\n",
                                        "example.com": "@ MX 10 mx.example.net.\n"})
        server = self.enter(Server(self.folder / "p", delivery=f'port = {mta.port}\nretry = ["1s"]\n',
                                   settings=f'[dns]\nservers = ["127.0.0.1:{dns.port}"]\ntimeout = "300ms"\n'))
        ids = submit(server, [f"r{i}@example.{'net' if i % 2 else 'com'}" for i in range(20)], "dns")
        rows = self.wait(lambda: (rows := server.queue("state=deferred")) and len(rows) == 20 and rows, "20 are deferred")
        self.assertEqual({row["last"]["enhanced"] for row in rows}, {"4.4.3"}, rows[0])
        self.assertIn("4.4.3", server.command("queue", "why", rows[0]["id"], "--json")
                      + server.command("queue", "list", "--where", "enhanced=4.4.3", "--json"))
        self.wait(lambda: all(row["attempts"] >= 2 for row in server.queue()), "tried again")
        self.assert_no_bounce(server)
        self.enter(dns)
        found = Counter(message_id(path.read_bytes()) for path in mta.wait_for_messages(20))
        server.wait_until_empty()
        self.assertEqual(found, Counter(ids))
        self.assert_no_bounce(server)

    def test_a_dns_server_that_is_silent_or_fails(self):
        mta = self.enter(Postfix(self.folder / "mta", domains=["example.net"]))
        # One never answers; of the other, the zone is not its own (REFUSED), then it is.
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        other = Nsd(self.folder / "other", {"else.example": "@ A 127.0.0.1\n"})
        other.start()
        self.addCleanup(other.stop)
        server = self.enter(Server(
            self.folder / "p", delivery=f'port = {mta.port}\nretry = ["1s"]\n',
            settings=f'[dns]\nservers = ["127.0.0.1:{silent.getsockname()[1]}", "127.0.0.1:{other.port}"]\ntimeout = "200ms"\n'))
        submit(server, ["a@example.net"], "silent")
        [row] = self.wait(lambda: server.queue("state=deferred"), "deferred")
        self.assertEqual(row["last"]["enhanced"], "4.4.3")
        other.stop()
        other.zones["example.net"] = "@ MX 10 mx\nmx A 127.0.0.1\n"
        other.start()
        mta.wait_for_messages(1)
        server.wait_until_empty()
        self.assert_no_bounce(server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
