#!/usr/bin/python3
"""Records the first request of each API and version that a client sends, as hex, and answers just enough to keep it talking.

    ./capture.py NAME COMMAND...     e.g.  ./capture.py kcat kcat -b 127.0.0.1:19092 -L
    ./capture.py NAME --through PORT COMMAND...

Each new request becomes NAME_Api_vN.hex in this directory: one frame, its length included. Answers are encoded by kafka-python, or
come from a broker on PORT, which must advertise 127.0.0.1:19092.
"""
import functools
import os
import socket
import struct
import subprocess
import sys
import threading

from served import NAMES, RANGES
from kafka.protocol import admin, fetch, metadata, offset, produce

PORT = 19092
TOPIC = "golden"


def api_versions(version):
    # Without version 0 of Produce librdkafka drops most codecs.
    rows = sorted((key, 0 if key == 0 else low, high) for key, (low, high) in RANGES.items())
    if version < 3:
        body = struct.pack(">hi", 0, len(rows)) + b"".join(struct.pack(">hhh", *row) for row in rows)
        return body + (struct.pack(">i", 0) if version else b"")
    return struct.pack(">hB", 0, len(rows) + 1) + b"".join(struct.pack(">hhhB", *row, 0) for row in rows) + struct.pack(">iB", 0, 0)


def encoded(message, *fields):
    answer = message(*fields)  # kafka-python keeps only a weak reference to it
    return answer.encode()


def metadata_answer(version):
    partition = {0: (0, 0, 1, [1], [1])}.get(version, (0, 0, 1, [1], [1]) + (([],) if version >= 5 else ()))
    topic = (0, TOPIC) + ((False,) if version >= 1 else ()) + ([partition],)
    broker = (1, "127.0.0.1", PORT) + ((None,) if version >= 1 else ())
    fields = ((0,) if version >= 3 else ()) + ([broker],) + (("cluster",) if version >= 2 else ()) + ((1,) if version >= 1 else ())
    return encoded(metadata.MetadataResponse[version], *fields, [topic])


def produce_answer(version):
    partition = (0, 0, 0, -1) + ((0,) if version >= 5 else ()) + (([], None) if version >= 8 else ())
    return encoded(produce.ProduceResponse[version], [(TOPIC, [partition])], 0)


def fetch_answer(version):
    partition = (0, 0, 0, 0) + ((0,) if version >= 5 else ()) + ([],) + ((-1,) if version >= 11 else ()) + (b"",)
    head = (0,) + ((0, 0) if version >= 7 else ())
    return encoded(fetch.FetchResponse[version], *head, [(TOPIC, [partition])])


def offsets_answer(version):
    partition = (0, 0, -1, 0) + ((0,) if version >= 4 else ())
    head = (0,) if version >= 2 else ()
    return encoded(offset.OffsetResponse[version], *head, [(TOPIC, [partition])])


def init_producer_id_answer(version):
    return struct.pack(">ihqh", 0, 0, 4000, 0) + (b"\0" if version >= 2 else b"")


def create_topics_answer(version):
    return encoded(admin.CreateTopicsResponse[version], 0, [("new-topic", 0, None)]) if version < 5 else None


def delete_topics_answer(version):
    return encoded(admin.DeleteTopicsResponse[version], 0, [("new-topic", 0)]) if version < 4 else None


def create_partitions_answer(version):
    return encoded(admin.CreatePartitionsResponse[version], 0, [("golden", 0, None)])


def describe_configs_answer(version):
    return struct.pack(">iihhbh", 0, 1, 0, -1, 2, 6) + b"golden" + struct.pack(">i", 0)


ANSWERS = {0: produce_answer, 1: fetch_answer, 2: offsets_answer, 3: metadata_answer, 18: api_versions,
           19: create_topics_answer, 20: delete_topics_answer, 22: init_producer_id_answer, 32: describe_configs_answer,
           37: create_partitions_answer}


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def save(name, key, version, frame):
    path = f"{name}_{NAMES.get(key, key)}_v{version}.hex"
    if key in NAMES and not os.path.exists(path):
        text = frame.hex()
        with open(path, "w") as out:
            out.write("\n".join(text[i:i + 120] for i in range(0, len(text), 120)) + "\n")
        print("captured", path)


def serve(name, connection):
    try:
        while True:
            size = read_exactly(connection, 4)
            frame = read_exactly(connection, struct.unpack(">i", size)[0])
            key, version, correlation = struct.unpack(">hhi", frame[:8])
            save(name, key, version, size + frame)
            body = ANSWERS[key](version) if key in ANSWERS else None
            if body is None:
                return connection.close()
            tags = b"\0" if key == 22 and version >= 2 else b""
            answer = struct.pack(">i", correlation) + tags + body
            connection.sendall(struct.pack(">i", len(answer)) + answer)
    except (EOFError, OSError):
        pass


def serve_through(port, name, connection):
    """Each request goes to the broker as it is; the answers come back on their own."""
    broker = socket.create_connection(("127.0.0.1", port))

    def answers():
        while piece := broker.recv(65536):
            connection.sendall(piece)

    threading.Thread(target=answers, daemon=True).start()
    try:
        while True:
            size = read_exactly(connection, 4)
            frame = read_exactly(connection, struct.unpack(">i", size)[0])
            key, version = struct.unpack(">hh", frame[:4])
            save(name, key, version, size + frame)
            broker.sendall(size + frame)
    except (EOFError, OSError):
        broker.close()


def listen(serve_one):
    server = socket.create_server(("127.0.0.1", PORT))

    def accept():
        while True:
            threading.Thread(target=serve_one, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


name, command = sys.argv[1], sys.argv[2:]
if command[0] == "--through":
    listen(functools.partial(serve_through, int(command[1]), name))
    command = command[2:]
else:
    listen(functools.partial(serve, name))
subprocess.run(command, timeout=20, check=False)
