"""Segments: saved filters of contacts and lists kept by hand, told by one language and run as SQL.

Lists of other tables narrow themselves down with `condition`: it is true of the people who are in the segment now.
"""

from inbox.segments.few import few, indexed, tested
from inbox.segments.language import Filter
from inbox.segments.use import condition, load
from inbox.segments.walk import Slice, members

__all__ = ["Filter", "Slice", "condition", "few", "indexed", "load", "members", "tested"]
