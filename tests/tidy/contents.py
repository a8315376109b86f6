"""Gate: what a room must never contain (the table in docs/architecture.md, as far as text can show it)."""

import re
from dataclasses import dataclass
from pathlib import Path

import tree
from tree import Problem

CLOCK_READ = r"\bnow\s*\(\s*\)|\b(clock_gettime|gettimeofday|timespec_get)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)?\s*\)"
STD_CLOCK_READ = r"\b(system|steady|high_resolution|utc|tai)_clock\s*::\s*now\b|\b(clock_gettime|gettimeofday|timespec_get)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)"
RANDOM_READ = r"\brandom_device\b|\bgetrandom\s*\(|\bgetentropy\s*\(|\b(s?rand|arc4random\w*)\s*\(\s*\)"
LOGGING = r"\bstd\s*::\s*(cout|cerr|clog)\b|\b(fmt|std)\s*::\s*print(ln)?\b|\b(v?f?printf|puts|perror|v?syslog)\s*\("
SOCKETS = r"#\s*include\s*<(sys/socket|sys/epoll|poll|netdb|sys/un)\.h>|(?<![\w.>])::\s*(socket|connect|recv|send|recvmsg|sendmsg|getaddrinfo)\s*\("
COROUTINES = r"\bco_(await|return|yield)\b|#\s*include\s*<coroutine>"


def _words(*words: str) -> str:
    """The words as a whole identifier or as a part of a snake_case or PascalCase one."""
    parts = [f"(?<![a-zA-Z]){word}(?![a-z])|(?<![A-Z]){word.capitalize()}(?![a-z])|(?<![A-Z]){word.upper()}(?![a-zA-Z])"
             for word in words]
    return "|".join(parts)


@dataclass(frozen=True)
class Rule:
    rooms: tuple[str, ...]  # path prefixes below src/ and include/postrider/
    pattern: str
    remedy: str
    except_in: tuple[str, ...] = ()
    literals_too: bool = False


RULES = (
    Rule(("base/",), _words("smtp", "imap", "pop3", "lmtp", "dkim", "dmarc", "mailbox", "envelope", "recipient", "rcpt"),
         "base holds no mail words: this belongs to a codec or to flow"),
    Rule(("base/", "codec/"), SOCKETS, "only engine and net touch sockets"),
    Rule(("policy/",), SOCKETS, "policy has no sockets of its own: ask net"),
    Rule(("base/", "codec/"), CLOCK_READ, "take the time as an argument: the caller has the engine's clock"),
    Rule(("net/", "policy/", "flow/", "service/", "store/"), STD_CLOCK_READ,
         "ask the reactor for the time, so that a simulated clock can stand in"),
    Rule(("codec/", "engine/", "net/", "policy/", "flow/", "service/", "store/"), RANDOM_READ,
         "take a Random, so that a seeded one can stand in"),
    Rule(("base/",), RANDOM_READ, "kernel randomness is read by SystemRandom alone", ("base/random",)),
    Rule(("codec/", "base/"), COROUTINES, "a codec asks by an action and is answered by an event; base knows no coroutines"),
    Rule(("codec/",), LOGGING, "a codec returns what it found; the caller logs"),
    Rule(("codec/",), r"\brocksdb\b", "a codec knows no store"),
    Rule(("engine/",), _words("smtp", "esmtp", "lmtp", "imap", "pop3", "dkim", "dmarc", "rcpt", "http", "mime", "sasl"),
         "engine holds no protocol word", literals_too=True),
    Rule(("net/",), _words("dkim", "dmarc", "envelope", "recipient", "bounce", "dsn"),
         "net holds no mail policy: this belongs to policy or flow"),
    Rule(("store/",), _words("smtp", "imap", "pop3", "mime"),
         "store keeps bytes under typed ids and parses no protocol"),
)

DRAWER = re.compile(r"(^|/)(utils?|common|misc|helpers?|managers?)(/|\.)")


def check_file(path: str, below: str, text: str) -> list[Problem]:
    problems = []
    code, plain = tree.code_only(text), tree.without_comments(text)
    for rule in RULES:
        if not below.startswith(rule.rooms) or below.startswith(rule.except_in or ("\0",)):
            continue
        searched = plain if rule.literals_too else code
        for match in re.finditer(rule.pattern, searched):
            problems.append(Problem(path, tree.line_of(searched, match.start()), f"`{match.group(0).strip()}`: {rule.remedy}"))
    return problems


def check(root: Path) -> list[Problem]:
    problems = []
    for path in tree.files(root, ("src", "include")):
        below = path.removeprefix("include/postrider/").removeprefix("src/")
        problems += check_file(path, below, tree.read(root, path))
    everything = (*tree.CPP_SUFFIXES, ".py", ".sh", "meson.build")
    for path in tree.files(root, suffixes=everything):
        if DRAWER.search(path):
            problems.append(Problem(path, 1, "a drawer, not a room: name the file or folder after its one idea"))
    return problems
