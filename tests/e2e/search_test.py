"""Searches in texts: with the full-text index and while it is behind, over restarts and kills, and what operators see of it."""

import imaplib
import json
import shutil
import time
import unittest
from pathlib import Path

from hosted import ADA, BOB, HEAD, PASSWORD, Hosted, trusting
from postrider import fetched


def message(number: int, word: str = "mill") -> bytes:
    return HEAD % (b"number %d" % number, b"m%d" % number) + b"\r\nThe old %s by the river, number%d.\r\n" % (word.encode(), number)


class Search(Hosted):
    def listeners(self):
        self.imaps = fetched.free_port()
        return f'[[listener]]\nservice = "imap"\naddress = "127.0.0.1:{self.imaps}"\ntls = "implicit"\n'

    def connect(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=trusting(), timeout=60)
        client.login(ADA, PASSWORD)
        self.assertEqual(client.select()[0], "OK")
        return client

    def found(self, *keys: str) -> list[int]:
        client = self.connect()
        answer, numbers = client.search(None, *keys)
        client.logout()
        self.assertEqual(answer, "OK", numbers)
        return [int(number) for number in (numbers[0] or b"").split()]

    def state(self, *options: str) -> dict:
        return json.loads(self.server.command("mailbox", "index", ADA, "--json", *options))

    def settled(self) -> dict:
        """Once the index has all there is."""
        deadline = time.monotonic() + 60
        while (state := self.state())["state"] != "current" and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual((state["state"], state["indexed"]), ("current", state["messages"]), state)
        return state

    def places(self) -> list[Path]:
        return list((self.folder / "p" / "data" / "search").glob("*")) or list((self.folder / "p").rglob("search/*"))

    def test_the_index_is_behind_delivery_and_never_seen_in_answers(self):
        self.hand_in(*(message(n) for n in range(1, 31)))
        self.assertEqual(self.state()["state"], "absent")
        self.assertEqual(self.found("BODY", "river"), list(range(1, 31)))  # read
        self.settled()
        self.assertEqual(self.found("BODY", "number17"), [17])
        self.assertEqual(self.found("BODY", '"old mill by"'), list(range(1, 31)))
        self.assertEqual(self.found("SUBJECT", '"number 3"'), [3, 30])
        self.hand_in(message(31, "inn"))
        self.assertEqual(self.found("BODY", "inn"), [31])  # at once, by whichever way
        self.settled()
        self.assertEqual(self.found("BODY", "inn"), [31])
        client = self.connect()
        client.store("1:10", "+FLAGS", "\\Deleted")
        client.expunge()
        self.assertEqual(client.search(None, "BODY", "river")[1], [b" ".join(b"%d" % n for n in range(1, 22))])
        self.assertEqual(client.capability()[1][0].split().count(b"SEARCH=FUZZY"), 1)
        self.assertEqual(client.search(None, "FUZZY", "BODY", '"rivr nn"')[1], [b""])
        self.assertEqual(client.search(None, "FUZZY", "BODY", '"rivr inn"')[1], [b"21"])
        self.assertEqual(client.sort("(RELEVANCY)", "UTF-8", "FUZZY", "BODY", "inns")[0], "OK")
        client.logout()
        self.assertEqual(self.settled()["messages"], 21)

    def test_kills_and_damage_cost_nothing_but_work(self):
        self.hand_in(*(message(n) for n in range(1, 201)))
        self.found("BODY", "river")  # makes one
        for _ in range(3):
            time.sleep(0.05)
            self.server.kill()
            self.server.start()
            self.assertEqual(self.found("BODY", "number123"), [123])
        self.settled()
        self.assertEqual(self.found("BODY", "river"), list(range(1, 201)))
        self.assertEqual(len(self.places()), 1)
        (self.places()[0] / "postlist.glass").write_bytes(b"no longer what it was")
        self.assertEqual(self.found("BODY", "number123"), [123])
        self.settled()
        shutil.rmtree(self.places()[0])
        self.assertEqual(self.found("BODY", "number123"), [123])
        self.assertIn(self.state("--rebuild")["state"], ("building", "current"))
        self.settled()
        self.assertEqual(self.found("BODY", "number123"), [123])

    def test_it_is_one_accounts_own(self):
        self.hand_in(*(message(n) for n in range(1, 31)))
        self.found("BODY", "river")
        self.settled()
        place = self.places()[0]
        self.assertEqual(place.parent.stat().st_mode & 0o77, 0)
        self.hand_in(message(1), to=BOB)
        self.wait_for_mail(BOB, 1)
        self.assertEqual(json.loads(self.server.command("mailbox", "index", BOB, "--json"))["state"], "absent")
        self.assertIn("of 30 messages are indexed", self.server.command("mailbox", "index", ADA))


if __name__ == "__main__":
    unittest.main()
