#!/usr/bin/python3
"""Encodes every request and response in every version that we read and write with kio (pip install kio==0.6.5), into encoded.txt.

Unlike the captured frames these reach all fields of all versions, tagged ones too, and responses. kio's schemas and encoder are
other people's: where they and our tables differ, the test that reads the file fails. A line is NAME VERSION HEX, one message
without its header, "-" for an empty one. Values are made up from a counter; each version is encoded twice, so that what may be null once is and once is not.
"""
import dataclasses
import datetime
import importlib
import io
import itertools
import re
import uuid

from kio.schema.errors import ErrorCode
from kio.serial import entity_writer
from kio.serial._introspect import classify_field, get_schema_field_type, is_optional

from served import NAMES, RANGES


def primitive(kind, number):
    if kind == "string":
        return "s" * (number % 7) + str(number)
    if kind in ("bytes", "records"):
        return b"r" * (number % 200)
    if kind == "uuid":
        return uuid.UUID(int=number << 64 | 7)
    if kind == "bool":
        return number % 2 == 0
    if kind == "error_code":
        return ErrorCode(number % 100)
    if kind.startswith("timedelta"):
        return datetime.timedelta(milliseconds=number)
    if kind.startswith("datetime"):
        return datetime.datetime.fromtimestamp(number, tz=datetime.timezone.utc)
    return number % 100


def sample(field, numbers, with_nulls):
    kind = classify_field(field)
    number = next(numbers)
    # Null records are the one thing that is not written as it was read: docs/formats/wire.md.
    nullable = is_optional(field) and field.metadata.get("kafka_type") not in ("records", "uuid")
    if with_nulls and nullable:
        return None

    def one():
        if dataclasses.is_dataclass(kind.type_):
            return message(kind.type_, numbers, with_nulls)
        return primitive(get_schema_field_type(field), next(numbers))

    return tuple(one() for _ in range(1 + number % 2)) if kind.is_array else one()


def message(cls, numbers, with_nulls):
    return cls(**{field.name: sample(field, numbers, with_nulls) for field in dataclasses.fields(cls)})


def encoded(api, version, kind, with_nulls):
    folder = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", api).lower()
    module = importlib.import_module(f"kio.schema.{folder}.v{version}.{kind.lower()}")
    cls = getattr(module, api + kind)
    buffer = io.BytesIO()
    entity_writer(cls)(buffer, message(cls, itertools.count(1), with_nulls))
    return buffer.getvalue().hex() or "-"


with open("encoded.txt", "w") as out:
    for key, (low, high) in RANGES.items():
        for kind, version in itertools.product(("Request", "Response"), range(low, high + 1)):
            for with_nulls in (False, True):
                print(NAMES[key] + kind, version, encoded(NAMES[key], version, kind, with_nulls), file=out)
