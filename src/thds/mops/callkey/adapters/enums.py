"""Enum members, by class, name and value: a value is data, and may change while the name stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thds.mops.callkey.instances import labelled
from thds.mops.callkey.node import Node

if TYPE_CHECKING:
    from enum import Enum


def member(value: Enum) -> Node:
    return labelled("enum", type(value))({"name": value._name_, "value": value._value_})
