#!/usr/bin/python3
"""Encodes every request and response that kafka-python has a schema for, in the versions we serve, with made-up values, as hex.

Unlike the captured frames these reach all fields of all (plain) versions, and responses too. kafka-python's schemas were written
by other people than our tables: where the two differ, the test that reads these files fails.
"""
import importlib
import itertools
import struct

from kafka.protocol import types

from served import NAMES, RANGES

# Schemas that kafka-python has wrong and never uses: an epoch of eight bytes, an answer without its throttle time, errors of
# records that hang on the topic.
WRONG = {"OffsetRequest_v4", "OffsetRequest_v5", "GroupCoordinatorResponse_v1", "ProduceResponse_v8"}
MODULES = ["admin", "commit", "fetch", "metadata", "offset", "produce"]


def repair(kind):
    """Some schemas name the class String where they mean one of its objects, and cannot be encoded."""
    if isinstance(kind, types.Schema):
        kind.fields = tuple(types.String("utf-8") if field is types.String else field for field in kind.fields)
        for field in kind.fields:
            repair(field)
    elif isinstance(kind, types.Array):
        repair(kind.array_of)


def sample(kind, numbers):
    if isinstance(kind, types.Schema):
        return tuple(sample(field, numbers) for field in kind.fields)
    if isinstance(kind, types.Array):
        return [sample(kind.array_of, numbers) for _ in range(2)]
    if isinstance(kind, types.String):
        return f"s{next(numbers)}"
    if kind is types.Boolean:
        return next(numbers) % 2 == 0
    if kind is types.Bytes:
        return b"b" * (next(numbers) % 50)
    return next(numbers) % 100


def save(name, data):
    text = (struct.pack(">i", len(data)) + data).hex()
    with open(name + ".hex", "w") as out:
        out.write("\n".join(text[i:i + 120] for i in range(0, len(text), 120)) + "\n")


def messages():
    for module in MODULES:
        for value in vars(importlib.import_module("kafka.protocol." + module)).values():
            for message in value if isinstance(value, list) else []:
                low, high = RANGES.get(getattr(message, "API_KEY", None), (1, 0))
                if low <= message.API_VERSION <= high and message.__name__ not in WRONG:
                    yield message


for message in messages():
    repair(message.SCHEMA)
    numbers = itertools.count(1)
    struct_ = message(*[sample(field, numbers) for field in message.SCHEMA.fields])
    body = struct_.encode()
    response = message.__name__.rsplit("_", 1)[0].endswith("Response")
    if response:
        head = struct.pack(">i", 77)
    else:
        head = struct.pack(">hhih", message.API_KEY, message.API_VERSION, 77, 2) + b"me"
    kind = "Response" if response else ""
    save(f"encoded_{NAMES[message.API_KEY]}{kind}_v{message.API_VERSION}", head + body)
