"""Checks a document against a JSON Schema, as far as ours use it: a keyword that is not known here is a failure."""

import json
import os
import re

from harness.command import Failure

_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3)

_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
          "null": type(None)}
_NOTES = {"$schema", "title", "description", "$defs"}


def of_reports():
    """That of ipsec_report --json."""
    with open(os.path.join(_SOURCE, "etc/reports.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def faults(document, schema):
    """What is wrong, a sentence each."""
    found = []
    _check(document, schema, schema, "", found)
    return found


def expect_valid(document, schema, what):
    found = faults(document, schema)
    if found:
        raise Failure(f"{what} is not what the schema promises:\n  " + "\n  ".join(found[:20]))


def _is(value, name):
    return isinstance(value, _TYPES[name]) and (name not in ("integer", "number") or not isinstance(value, bool))


def _check(value, schema, root, place, found):
    for keyword, wanted in schema.items():
        _KEYWORDS[keyword](value, wanted, root, place or "the document", found)


def _reference(value, wanted, root, place, found):
    _check(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, place, found)


def _type(value, wanted, _, place, found):
    names = wanted if isinstance(wanted, list) else [wanted]
    if not any(_is(value, name) for name in names):
        found.append(f"{place} is {value!r}, no {' or '.join(names)}")


def _enum(value, wanted, _, place, found):
    if value not in wanted:
        found.append(f"{place} is {value!r}, none of {wanted}")


def _required(value, wanted, _, place, found):
    if isinstance(value, dict):
        found += [f"{place} lacks {name}" for name in wanted if name not in value]


def _properties(value, wanted, root, place, found):
    if isinstance(value, dict):
        for name, schema in wanted.items():
            if name in value:
                _check(value[name], schema, root, f"{place}.{name}", found)


def _others(value, wanted, root, place, found):
    if isinstance(value, dict) and isinstance(wanted, dict):
        for name, each in value.items():
            _check(each, wanted, root, f"{place}.{name}", found)


def _items(value, wanted, root, place, found):
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check(each, wanted, root, f"{place}[{number}]", found)


def _pattern(value, wanted, _, place, found):
    if isinstance(value, str) and not re.search(wanted, value):
        found.append(f"{place} is {value!r}, which {wanted} does not match")


def _minimum(value, wanted, _, place, found):
    if _is(value, "number") and value < wanted:
        found.append(f"{place} is {value}, less than {wanted}")


def _maximum(value, wanted, _, place, found):
    if _is(value, "number") and value > wanted:
        found.append(f"{place} is {value}, more than {wanted}")


_KEYWORDS = {"$ref": _reference, "type": _type, "enum": _enum, "required": _required, "properties": _properties,
             "additionalProperties": _others, "items": _items, "pattern": _pattern, "minimum": _minimum,
             "maximum": _maximum, **{each: lambda *_: None for each in _NOTES}}
