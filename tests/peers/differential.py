#!/usr/bin/env python3
"""Gives the same bytes to hob's client, to libcurl and to h11, and compares what they make of them.

The bytes are the response vectors and seeded mutations of them. Where the three do not agree,
the difference has to be one of those in differential.json, each of which has its reason; any other
one fails the run, with the seed and the bytes. Run by .ci/nightly:

    differential.py [--cases N] [--seed N]        # needs pycurl and h11; --print shows all kinds
"""
import argparse, base64, collections, json, os, random, re, socket, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor

import h11
import pycurl

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KNOWN = os.path.join(HERE, "differential.json")


def raw(vector):
    if "raw_parts" in vector:
        return b"".join(text.encode("latin-1") * count for text, count in vector["raw_parts"])
    if "raw_b64" in vector:
        return base64.b64decode(vector["raw_b64"])
    return vector["raw"].encode("ascii")


def seeds():
    with open(os.path.join(ROOT, "tests/data/http/response_vectors.json")) as file:
        vectors = json.load(file)
    found = [raw(v) for v in vectors if v["request_method"] == "GET"]
    return [bytes_ for bytes_ in found if len(bytes_) < 4000]


BITS = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"0", b"1", b"-", b"+", b"\0", b"\x80",
        b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Connection: close\r\n", b"Content-Length: 05\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n"]


def mutated(dice, corpus):
    data = bytearray(dice.choice(corpus))
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(5)
        if kind == 0:
            data[at:at] = dice.choice(BITS)
        elif kind == 1:
            del data[at:at + dice.choice([1, 1, 2, 8])]
        elif kind == 2 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 3:
            data[at:at] = data[at:at + dice.choice([1, 4, 20])]
        else:
            other = dice.choice(corpus)
            data[at:] = other[dice.randrange(len(other) + 1):]
    return bytes(data)


def serve(cases):
    """GET /N is answered with the bytes of case N, and the end."""
    def handle(connection):
        with connection:
            connection.settimeout(10)
            try:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    more = connection.recv(65536)
                    if not more:
                        return
                    asked += more
                connection.sendall(cases[int(re.match(rb"GET /(\d+) ", asked).group(1))])
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def accept(listener):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    return listener.getsockname()[1]


def ask_hob(port, count):
    program = ["cargo", "run", "--quiet", "-p", "hob-peers", "--example", "outcome"]
    urls = "".join(f"http://127.0.0.1:{port}/{n}\n" for n in range(count))
    done = subprocess.run(program, input=urls, capture_output=True, text=True, cwd=ROOT, check=True)
    for line in done.stdout.splitlines():
        told = json.loads(line)
        if "error" in told:
            # Without the URL and the address, and without numbers that are this case's.
            words = told["error"].split("): ", 1)[-1]
            yield ("error", re.sub(r"\d+ bytes came( of \d+)?", "some bytes came", words))
        else:
            yield (told["status"], bytes.fromhex(told["body"]))


def ask_curl(port, n):
    came = []
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"http://127.0.0.1:{port}/{n}")
    curl.setopt(pycurl.WRITEFUNCTION, came.append)
    curl.setopt(pycurl.TIMEOUT, 5)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.HTTP09_ALLOWED, 0)
    try:
        curl.perform()
        return (curl.getinfo(pycurl.RESPONSE_CODE), b"".join(came))
    except pycurl.error as error:
        return ("error", f"curl {error.args[0]}")
    finally:
        curl.close()


def ask_h11(data):
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    try:
        connection.receive_data(data)
        status, body, ended = None, b"", False
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return ("error", "h11 wants more")
                ended = True
                connection.receive_data(b"")
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return (status, body)
            elif isinstance(event, h11.ConnectionClosed):
                return ("error", "h11: closed")
            elif event is h11.PAUSED:
                return ("error", "h11: switched")
    except h11.RemoteProtocolError as error:
        words = re.sub(r"b?['\"(\[].*|\d+", "…", str(error))
        return ("error", f"h11: {words}")


def difference(peer, hob, theirs):
    """None, or what kind of difference it is."""
    if hob[0] == "error" and theirs[0] == "error":
        return None
    if hob[0] == "error":
        return f"{peer} accepts: {hob[1]}"
    if theirs[0] == "error":
        return f"hob accepts: {theirs[1]}"
    if hob[0] != theirs[0]:
        return f"{peer}: another status"
    return None if hob[1] == theirs[1] else f"{peer}: another body"


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--cases", type=int, default=3000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--print", action="store_true")
    words = words.parse_args()
    dice, corpus = random.Random(words.seed), seeds()
    cases = corpus + [mutated(dice, corpus) for _ in range(words.cases)]
    port = serve(cases)
    hob = list(ask_hob(port, len(cases)))
    assert len(hob) == len(cases), f"{len(hob)} of {len(cases)} outcomes"
    with ThreadPoolExecutor(8) as pool:
        curl = list(pool.map(lambda n: ask_curl(port, n), range(len(cases))))
    kinds = collections.defaultdict(list)
    for n, case in enumerate(cases):
        for peer, theirs in (("curl", curl[n]), ("h11", ask_h11(case))):
            kind = difference(peer, hob[n], theirs)
            if kind:
                kinds[kind].append((n, case, hob[n], theirs))
    with open(KNOWN) as file:
        known = json.load(file)
    unknown = 0
    for kind, found in sorted(kinds.items()):
        reason = known.get(kind)
        unknown += reason is None
        if words.print or reason is None:
            n, case, ours, theirs = min(found, key=lambda one: len(one[1]))
            print(f"{kind}  ({len(found)} times; {reason or 'NOT KNOWN'})")
            print(f"    seed {words.seed} case {n}: {case!r}\n    hob: {ours}  {kind.split()[0]}: {theirs}")
    print(f"{len(cases)} responses, {len(kinds)} kinds of difference, {unknown} of them unknown")
    sys.exit(1 if unknown else 0)


main()
