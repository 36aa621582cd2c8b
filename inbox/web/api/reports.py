"""Reports."""

from datetime import timedelta

from pydantic import Field

from inbox.access.rights import Right
from inbox.refusals import Invalid
from inbox.views import reports as views
from inbox.views.paging import All
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Query, When

WEEK = timedelta(days=7)


class ReportQuery(Query):
    """Which time: from `from` to just before `to`; without them the last seven days."""

    since: When | None = Field(default=None, alias="from")
    until: When | None = Field(default=None, alias="to")


@endpoint("GET", "/reports/managers", Right.REPORTS_READ)
async def report_managers(call: Call, query: ReportQuery) -> All[views.ManagerReport]:
    """What each manager did.

    Every number comes with `link`: a query of /conversations that lists exactly the conversations it counts.
    """
    # Nothing after this moment is counted, so that a link opened later lists what was counted now.
    until = min(query.until or call.now, call.now)
    since = query.since or until - WEEK
    if query.until is not None and since > query.until:
        raise Invalid("from", "This is after `to`")
    return await call.read(views.managers, since, until)
