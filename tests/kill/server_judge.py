"""What the outside has seen of the server over all of its lives: what it promised, and what came of it."""

import collections
import json
import re
import time

LOST = "acknowledged and lost"
# Settlements are written within 10 ms; the rest is for a busy machine.
IN_FLIGHT_SECONDS = 1.5
LATE_SECONDS = 0.5  # what a dead server had sent is still read by the sink


class Loss(Exception):
    """A promise that was not kept."""


class Judge:
    """Promises are (Message-ID, recipient); the sink, the clients and the journal tell of them.

    Told before it is answered: what the sink takes is counted before its 250 goes out.
    """

    def __init__(self, events, sent_on_to):
        self.events = events  # path of the event log
        self.sent_on_to = sent_on_to  # recipient -> the addresses whose mail comes to it
        self.promised = {}  # Message-ID -> [recipient]: the final dot was answered 250
        self.begun = {}  # Message-ID -> [recipient]: the client has sent it
        self.arrived = collections.Counter()  # (Message-ID, recipient) -> copies at the sink
        self.filed = {}  # (Message-ID, recipient) -> its UID in a mailbox
        self.ids = {}  # (Message-ID, recipient if it was sent on) -> queue id, from what arrived
        self.bounced = collections.Counter()  # (Message-ID, recipient) -> failure reports
        self.deleted = set()  # an operator has been told to
        self.named = collections.Counter()  # (queue id, recipient) that the journal named
        self.reports = {}  # (Message-ID, recipient) -> the Message-ID of the report on it
        self.anything_may_bounce = False  # an operator is at work, or the age limit is short
        self.last_arrival = {}
        self.deaths = []
        self.acknowledged = 0
        self.problems = []
        self.cut_lines = 0  # of the journal
        self._read_to = 0

    # Clients.
    def on_begun(self, message, recipients):
        self.begun[message] = recipients

    def on_acknowledged(self, message, recipients):
        self.promised[message] = list(recipients)
        self.acknowledged += len(recipients)

    # The sink.
    def on_arrived(self, message, recipients, queue_id, is_whole):
        if message not in self.begun and message[1:14] != queue_id:
            self.problems.append(f"nobody sent {message}")
        if not is_whole:
            self.problems.append(f"other octets: {message}")
        if queue_id:
            for recipient in recipients:
                known = self.ids.setdefault(self._entry(message, recipient), queue_id)
                if known != queue_id:
                    self.problems.append(f"{message} stands in the queue twice: {known}, {queue_id}")
        now = time.monotonic()
        for recipient in recipients:
            before = self.last_arrival.get((message, recipient))
            self.last_arrival[message, recipient] = now
            if before is not None and not any(-LATE_SECONDS <= death - before <= IN_FLIGHT_SECONDS for death in self.deaths):
                self.problems.append(f"{message} came twice for {recipient}, and was not in flight at a death")
            if message in self.begun and recipient not in self.begun[message]:
                self.problems.append(f"{message} came for {recipient}, who was not asked for")
            self.arrived[message, recipient] += 1

    def _entry(self, message, recipient):
        """What is sent on to somebody is another message in the queue."""
        return message, recipient if recipient in self.sent_on_to else ""

    # The mailboxes.
    def on_filed(self, message, recipient, uid, is_whole):
        if message not in self.begun or recipient not in self.begun[message]:
            self.problems.append(f"{message} was filed for {recipient}, and nobody sent it there")
        if not is_whole:
            self.problems.append(f"other octets, in a mailbox: {message}")
        known = self.filed.setdefault((message, recipient), uid)
        if known != uid:
            self.problems.append(f"{message} was filed twice for {recipient}: {known}, {uid}")

    def on_report(self, report, about, recipient, action):
        if action == "failed" and self.reports.setdefault((about, recipient), report) != report:
            self.problems.append(f"two reports on {about} to {recipient}")
        if action == "failed":
            self.bounced[about, recipient] += 1

    def on_death(self):
        self.deaths.append(time.monotonic())

    # Verdicts.
    def open(self):
        """What was promised and of which nothing has come yet. Forgets what is done with."""
        left = {}
        for message, recipients in list(self.promised.items()):
            waiting = [to for to in recipients if not self.is_done(message, to)]
            if waiting:
                left[message] = self.promised[message] = waiting
            else:
                del self.promised[message]
        return left

    def is_done(self, message, recipient):
        key = message, recipient
        return bool(self.arrived[key] or self.bounced[key] or key in self.deleted or key in self.filed)

    def compare(self, rows, reports_may_be_queued):
        """rows: `queue list` of a moment ago. Whatever is in neither place is lost.

        A report that is still queued does not show whom it is about; once the queue is drained there is none."""
        queued = {row["to"] for row in rows}
        has_reports = reports_may_be_queued and any(row["from"] == "" for row in rows)
        for message, recipients in self.open().items():
            for recipient in recipients:
                may_be_reported = has_reports and (recipient.startswith("no-") or self.anything_may_bounce)
                # Recipients are unique, but for those that others come to: the address names the promise.
                is_queued = recipient in queued or self.sent_on_to.get(recipient, set()) & queued
                if not is_queued and not may_be_reported:
                    raise Loss(f"{LOST}: {message} to {recipient}")

    def read_journal(self):
        if not self.events.exists():
            return
        with open(self.events, "rb") as file:
            file.seek(self._read_to)
            octets = file.read()
        whole = octets.rfind(b"\n") + 1
        self._read_to += whole
        for line in octets[:whole].splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                # A death may cut the line that is being written; the next start ends it (docs/operations.md).
                self.cut_lines += 1
                if self.cut_lines > len(self.deaths) or not line.startswith(b'{"time":"'[:len(line)]):
                    self.problems.append(f"the event log holds a line that is no JSON: {line[:200]!r}")
                continue
            if event.get("event") == "possible_duplicate":
                self.named[event["id"], event["to"]] += 1

    def unnamed(self):
        """Copies beyond the first that the journal does not name, as text."""
        out = []
        for (message, recipient), copies in self.arrived.items():
            if copies > 1:
                entry = self.ids.get(self._entry(message, recipient), "")
                names = self.named[entry, recipient]
                if copies - 1 > names:
                    out.append(f"{message} ({entry}) to {recipient}: {copies} copies, named {names} times")
        return out

    def duplicates(self):
        return sum(copies - 1 for copies in self.arrived.values() if copies > 1)

    def raise_problems(self):
        if self.problems:
            raise Loss("; ".join(self.problems[:5]))


RECEIVED_ID = re.compile(rb"^Received:(?:[^\r\n]|\r\n(?=[ \t]))*?\sid\s+([0-9A-Z]{13})\b", re.M)
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]*>)", re.M | re.I)
REFERENCES = re.compile(rb"^References:\s*(<[^>]*>)", re.M | re.I)
STATUS = re.compile(rb"^Final-Recipient:\s*rfc822;\s*(\S+)(?:\r\n[^\r\n]+)*?\r\nAction:\s*(\w+)", re.M | re.I)


def first(pattern, octets):
    found = pattern.search(octets)
    return found.group(1).decode() if found else ""
