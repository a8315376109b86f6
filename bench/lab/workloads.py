"""The workloads: what the generator sends, what the server must do with it, and how much of it makes a leg."""

from dataclasses import dataclass, field

from peer import PASSWORD, USER

KIB, MIB = 1024, 1024 * 1024
EACH = ("--per-connection", "1")
LOGIN = ("--tls", "--auth", f"{USER}:{PASSWORD}")


@dataclass(frozen=True)
class Workload:
    """kind: closed (as fast as the server answers), backlog (accept all, then drain), open (at a rate).

    messages: of a leg of ours; a peer gets a share of it (runner.py). sites: next hops that recipients are spread over.
    signatures: kinds of keys of Setup.dkim. setup: further fields of Setup.
    """
    name: str
    letter: str
    about: str
    messages: int
    options: tuple = ()
    size: int = 4 * KIB
    sessions: int = 20
    recipients: int = 1
    sites: int = 0
    signatures: tuple = ()
    setup: dict = field(default_factory=dict)
    kind: str = "closed"

    def load(self, kind=None) -> list[str]:
        """Options of the generator, against this kind of peer."""
        sessions = min(self.sessions, getattr(kind, "sessions_max", None) or self.sessions)
        chosen = ["--sessions", str(sessions), "--size", str(self.size), "--from", USER, *self.options]
        if self.setup.get("login"):
            chosen += LOGIN
        if self.recipients > 1:
            chosen += ["--recipients", str(self.recipients)]
        if self.sites:
            chosen += ["--domains", str(self.sites)]
        return chosen

    @property
    def sink(self) -> list[str]:
        return (["--tls"] if self.setup.get("delivery_tls") else []) + (["--address", "0.0.0.0"] if self.sites else [])

    @staticmethod
    def warm_up(messages: int) -> int:
        """How many to send before a leg of so many."""
        return max(4, min(200, messages // 10))


RSA = {"login": True, "certificate": "rsa2048"}
ALL = [
    Workload("relay", "A", "4 KiB, 20 sessions, connections reused", 20_000),
    Workload("relay-100", "A", "4 KiB, 100 sessions, connections reused", 20_000, sessions=100),
    Workload("relay-each", "A", "4 KiB, 20 sessions, a connection a message", 16_000, EACH),
    Workload("relay-each-100", "A", "4 KiB, 100 sessions, a connection a message", 16_000, EACH, sessions=100),
    Workload("large", "B", "100 KiB, 20 sessions, connections reused", 6_000, size=100 * KIB),
    Workload("huge", "B", "10 MiB, 4 sessions, connections reused", 80, size=10 * MIB, sessions=4),
    Workload("domains", "C", "50 recipients in 50 domains, each with its next hop", 1_000, recipients=50, sites=50),
    Workload("list", "C", "1,000 recipients in one domain", 60, recipients=1000, sessions=4),
    Workload("submit-each", "D", "implicit TLS, P-256 certificate, AUTH, a connection a message", 8_000, EACH, setup={"login": True}),
    Workload("submit", "D", "implicit TLS, P-256 certificate, AUTH, connections reused", 16_000, setup={"login": True}),
    Workload("submit-each-rsa", "D", "implicit TLS, RSA-2048 certificate, AUTH, a connection a message", 6_000, EACH, setup=RSA),
    Workload("submit-rsa", "D", "implicit TLS, RSA-2048 certificate, AUTH, connections reused", 16_000, setup=RSA),
    Workload("dkim-rsa", "E", "A, signed with rsa-2048", 12_000, signatures=("rsa",)),
    Workload("dkim-ed25519", "E", "A, signed with ed25519", 16_000, signatures=("ed25519",)),
    Workload("dkim-both", "E", "A, signed with rsa-2048 and ed25519", 12_000, signatures=("rsa", "ed25519")),
    Workload("relay-tls", "F", "A, STARTTLS towards the sink", 16_000, setup={"delivery_tls": True}),
    Workload("backlog", "G", "accept only, next hop down, then the drain", 200_000, kind="backlog"),
    Workload("latency", "H", "open loop at 10, 50 and 80 % of capacity", 20_000, sessions=100, kind="open"),
]
WORKLOADS = {workload.name: workload for workload in ALL}


def named(words: list[str]) -> list[Workload]:
    """By name or letter; none: all. ValueError names the unknown one."""
    chosen = []
    for word in words:
        found = [workload for workload in ALL if word in (workload.name, workload.letter)]
        if not found:
            raise ValueError(f"no such workload: {word}: choose from A to H, {', '.join(WORKLOADS)}")
        chosen += found
    return chosen or ALL
