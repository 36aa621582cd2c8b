"""What whoever watches an installation wants to know: is everything taken in, decided, sent?"""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from inbox import schema as t

COUNT_TO = 10_000
"""Counts stop here, so that being watched costs little."""


def gauges(connection: sa.Connection, now: datetime) -> Mapping[str, int]:
    """Numbers by name. `…_waiting` should be near 0; one that grows says where it is stuck."""
    c, m, k, a = t.conversations.c, t.messages.c, t.tasks.c, t.attachments.c
    counted = {
        "respond_waiting": sa.select(c.id).where(c.heard_at.is_not(None)),
        "deliver_waiting": sa.select(m.id).where(m.state == "queued", sa.or_(m.try_at.is_(None), m.try_at <= now)),
        "deliver_sending": sa.select(m.id).where(m.state == "sending"),
        "attachments_waiting": sa.select(a.id).where(a.state == "waiting", a.try_at <= now),
        "customers_waiting": sa.select(c.id).where(c.waiting_since.is_not(None)),
        "tasks_late": sa.select(k.id).where(k.done_at.is_(None), k.due_at <= now),
        "channels_failing": sa.select(t.channels.c.id).where(t.channels.c.state == "failing", t.channels.c.removed_at.is_(None)),
    }
    limited = [each.limit(COUNT_TO).subquery() for each in counted.values()]
    counts = [sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in limited]
    return dict(zip(counted, connection.execute(sa.select(*counts)).one(), strict=True))
