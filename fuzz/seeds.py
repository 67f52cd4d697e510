#!/usr/bin/env python3
"""Writes seeds for the fuzz targets: `fuzz/seeds.py FOLDER` makes FOLDER/TARGET/….

They come from the vectors in tests/data/http, and for the rest from the lists below. What is
kept in fuzz/corpus began with these, and was then made small: see fuzz/README.md."""

import base64
import gzip
import json
import pathlib
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "tests/data/http"
LARGEST = 3000
TEXT = b"line %d of the text\n"
PLAIN = b"".join(TEXT % number for number in range(40))


def raw(vector):
    """The bytes of a response."""
    if "raw_parts" in vector:
        return b"".join(text.encode() * times for text, times in vector["raw_parts"])
    if "raw_b64" in vector:
        return base64.b64decode(vector["raw_b64"])
    return vector["raw"].encode()


def bare(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def codings(vectors):
    """The first byte chooses the coding: see CODINGS in src/http/fuzzing/coding.rs."""
    choice = {"gzip": b"\0", "deflate": b"\1", "br": b"\2", "zstd": b"\3"}
    for vector in vectors:
        if "accept_encoding" in vector:
            body = raw(vector).partition(b"\r\n\r\n")[2]
            yield choice[vector["accept_encoding"]] + body
    everything = bytearray(gzip.compress(PLAIN[:100], mtime=0))
    everything[3] |= 0b11100
    everything[10:10] = b"\5\0extraname\0why\0"
    yield b"\0" + everything
    yield b"\0" + gzip.compress(b"a", mtime=0) + gzip.compress(b"", mtime=0)
    yield b"\1" + zlib.compress(PLAIN)
    yield b"\1" + bare(PLAIN)
    yield b"\4" + gzip.compress(gzip.compress(PLAIN, mtime=0), mtime=0)
    yield b"\5" + gzip.compress(zlib.compress(PLAIN), mtime=0)


def policy(kind, key=None):
    """What the policy vectors of a kind are about."""
    for vector in json.loads((DATA / "policy_vectors.json").read_text()):
        if vector["kind"] == kind:
            given = vector["given"]
            value = given if key is None else given.get(key)
            if isinstance(value, str):
                yield value.encode()


def requests():
    for url in policy("request"):
        if url.startswith(b"http"):
            yield b"GET " + url
    yield b"POST http://h.test:81/a?b\nhost: other\nx-a: \xe9\nx-a: b\nconnection: close"


NETRC = [
    b"machine h login me password pw",
    b"# a\nmachine h # b\n\tlogin me\r\n\tpassword \"p \\\"w\\\\\\n\"\n",
    b"default login you account x\nmachine h login me",
    b"macdef m\nmachine h login x\n\nmachine ::1 login me password #pw",
    b"\xef\xbb\xbfMACHINE H Login me PASSWORD p\xc3\xa4ss",
]
NO_PROXY = [
    b"*",
    b"example.com,.b.test. 127.0.0.1",
    b"10.0.0.0/8:8080\tfd00::/8,[fd00::1]:80",
    b"www.example.com:81,0.0.0.0/0,::/0",
    b"h:x,10.0.0.0/33,.,/8,[::1]",
]
PROXY = [
    b"http://me:secret@proxy.test:3128",
    b"proxy.test",
    b"socks5://name:pass%40word@[::1]:1080/",
    b"socks5h://proxy.test",
    b"https://proxy.test:0",
    b"http://m\xc3\xbcnchen.test",
]
LOCATIONS = [b"/c", b"?y", b"//k.test/d", b"c#g", b"https://u:p@h.test:8080/", b"/\xe9", b"../..",
             b"http://[::1", b"http:/a", b"\\\\k.test\\d", b"HTTP://H.TEST:080/%2e%2e/x"]
SOCKS = [
    b"\5\0\5\0\0\1\x7f\0\0\1\0\x50",
    b"\5\2\1\0\5\0\0\3\4h.te\0\x50more",
    b"\5\0\5\0\0\4" + bytes(18),
    b"\5\xff",
    b"\5\0\5\5\0\1\0\0\0\0\0\0",
    b"\5\2\1\1",
]
TUNNEL = [
    b"HTTP/1.1 200 Connection established\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\n\n",
]
RETRY_AFTER = [b"120", b" 0\t", b"Fri, 20 Nov 2026 12:00:30 GMT", b"Friday, 20-Nov-26 12:00:30 GMT",
               b"Fri Nov 20 12:00:30 2026", b"99999999999999999999"]
SUM = base64.b64encode(bytes(range(32)))
DIGESTS = [b"sha-256=:" + SUM + b":", b"md5=:AAAA:, a=\"x\\\"\";p;q=1, sha-256=:" + SUM.rstrip(b"=") + b":;r=?1",
           b"sha-512=:" + SUM + SUM + b":\nsha-256=:AAAA:", b"a=1.5,\tsha-512=:" + base64.b64encode(bytes(64)) + b":"]
VALIDATORS = [b"\"v1\"\nMon, 01 Jan 2024 00:00:00 GMT\nMon, 01 Jan 2024 00:00:01 GMT", b"W/\"v1\"",
              b"\nMonday, 01-Jan-24 00:00:00 GMT\nMon Jan  1 00:00:00 2024\n\"x\""]
NAMES = [b"../a.txt", b"C:evil\0.txt. .", b"http://h/na%C3%AFve%2Ffile.txt?x=y/z", b"-rf",
         b"COM1.tar.gz", "a\u202egpj.exe".encode(), b"a" * 300 + b".txt", b"  .. "]


def main():
    out = pathlib.Path(sys.argv[1])
    vectors = json.loads((DATA / "response_vectors.json").read_text())
    responses = [raw(vector) for vector in vectors]
    bodies = [b[b.find(b"\r\n\r\n") + 4:] for b in responses if b"chunked" in b.lower()]
    seeds = {
        "response": responses,
        "head": responses,
        "chunks": bodies,
        "codings": list(codings(vectors)),
        "location": LOCATIONS + list(policy("redirect", "location")),
        "netrc": NETRC,
        "no_proxy": NO_PROXY,
        "proxy": PROXY,
        "request": list(requests()),
        "retry_after": RETRY_AFTER + list(policy("retry_after")),
        "content_range": list(policy("content_range")),
        "digests": DIGESTS,
        "disposition": list(policy("filename", "content_disposition")),
        "file_name": NAMES + list(policy("filename_from_url")) + list(policy("filename_from_url", "url")),
        "validators": VALIDATORS,
        "socks": SOCKS,
        "tunnel": TUNNEL,
    }
    for target, inputs in seeds.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            if len(data) <= LARGEST:
                (folder / f"seed-{number:03}").write_bytes(data)


if __name__ == "__main__":
    main()
