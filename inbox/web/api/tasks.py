"""Tasks: what is due, reminders, and marking them done."""

from typing import Annotated

from pydantic import StringConstraints

from inbox.access.rights import Right
from inbox.actions import tasks as actions
from inbox.views import tasks as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name, PageQuery, When
from inbox.web.repeat import once


class TaskQuery(PageQuery):
    """Which tasks."""

    manager: Annotated[str, StringConstraints(pattern=r"^(me|none|[1-9][0-9]{0,17})$")] | None = None
    """me, none, or a manager's id."""
    contact: Id | None = None
    """Only what is about this person."""
    done: bool = False


class NewTask(Body):
    """A reminder to make."""

    title: Name
    due_at: When
    contact_id: Id | None = None
    conversation_id: Id | None = None
    """One of the two says whom it is about."""
    manager: Id | None = None
    """Without one: me."""


class TaskChange(Change):
    """What to change about a task."""

    done: bool = NOT_GIVEN
    due_at: When = NOT_GIVEN
    manager: Id | None = NOT_GIVEN
    title: Name = NOT_GIVEN


@endpoint("GET", "/tasks", Right.TASKS_READ)
async def list_tasks(call: Call, query: TaskQuery) -> Page[views.Task]:
    """Open tasks, the most urgent first; with `done` the finished ones, the newest first."""
    manager = {None: None, "none": None, "me": call.me}.get(query.manager, query.manager)
    return await call.read(
        views.page, call.now, manager=int(manager) if manager else None, nobody=query.manager == "none",
        people=None if query.contact is None else [query.contact], done=query.done, cursor=query.cursor, limit=query.limit,
    )  # fmt: skip


@endpoint("POST", "/tasks", Right.TASKS_WRITE, status=201, repeatable=True)
async def add_task(call: Call, body: NewTask) -> views.Task:
    """Remind somebody of something."""
    task_id = await once(
        call, actions.add, call.now, call.me, title=body.title, due_at=body.due_at, contact_id=body.contact_id,
        conversation_id=body.conversation_id, manager=body.manager,
    )  # fmt: skip
    return await call.read(views.one, task_id, call.now)


@endpoint("PATCH", "/tasks/{task_id}", Right.TASKS_WRITE)
async def change_task(call: Call, task_id: int, body: TaskChange) -> views.Task:
    """Mark as done, postpone, hand on, rename."""
    await call.run(actions.change, call.now, call.me, task_id, body.given())
    return await call.read(views.one, task_id, call.now)
