"""IMAP responses as values: lists, strings (bytes), atoms (str, as they are written) and None for NIL."""

import re

LITERAL = re.compile(rb"~?\{(\d+)\}\r\n")
ATOM = re.compile(rb'[^ ()"\r\n]+')
# What stands in front of octets in a FETCH: BODY[HEADER.FIELDS (FROM)]<0>, one word with blanks in it.
SECTION = re.compile(rb"(?i)(?:BODY|BINARY|BINARY\.SIZE)\[[^\]]*\](?:<\d+>)?")
ESCAPED = re.compile(rb"\\(.)", re.S)


class Unreadable(Exception):
    pass


def parse(octets: bytes) -> list:
    """The parts of one response, without its `* ` and its CRLF."""
    parts, at = _parts(octets, 0)
    if at != len(octets):
        raise Unreadable(octets)
    return parts


def _parts(octets, at):
    out = []
    while at < len(octets) and octets[at] != ord(")"):
        if octets[at] == ord(" "):
            at += 1
        elif octets[at] == ord("("):
            inner, at = _parts(octets, at + 1)
            if octets[at:at + 1] != b")":
                raise Unreadable(octets)
            out.append(inner)
            at += 1
        elif octets[at] == ord('"'):
            end = at + 1
            while end < len(octets) and octets[end] != ord('"'):
                end += 2 if octets[end] == ord("\\") else 1
            out.append(ESCAPED.sub(rb"\1", octets[at + 1:end]))
            at = end + 1
        elif literal := LITERAL.match(octets, at):
            size = int(literal[1])
            out.append(octets[literal.end():literal.end() + size])
            if len(out[-1]) != size:
                raise Unreadable(octets)
            at = literal.end() + size
        else:
            word = SECTION.match(octets, at) or ATOM.match(octets, at)
            if not word:
                raise Unreadable(octets)
            text = word[0].decode("latin-1")
            out.append(None if text.upper() == "NIL" else text)
            at = word.end()
    return out, at


def pairs(items: list) -> dict:
    """FETCH's and STATUS' lists: names in capitals."""
    if len(items) % 2:
        raise Unreadable(items)
    return {name.upper(): value for name, value in zip(items[::2], items[1::2], strict=True)}


def flatten(tree: list) -> list[int]:
    """All numbers of a THREAD response."""
    out = []
    for part in tree:
        out += flatten(part) if isinstance(part, list) else [int(part)]
    return out
