"""Tables of imports: a file of people, how far it has been taken in, and what each row did, so that it can be undone."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, one_of

IMPORT_STATES = ("new", "checking", "checked", "running", "stopped", "done", "undoing", "undone", "failed")

imports = sa.Table(
    "imports",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("encoding", sa.Text, nullable=False, server_default=""),
    sa.Column("delimiter", sa.Text, nullable=False, server_default=""),
    sa.Column("headings", Json, nullable=False),
    sa.Column("sample", Json, nullable=False),
    sa.Column("mapping", Json, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),
    sa.Column("counts", Json, nullable=False, server_default="{}"),
    sa.Column("checked", Json),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    link("manager_id", "managers.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    one_of("state", *IMPORT_STATES),
    one_of("format", "csv", "xlsx", "vcard"),
)
"""`file`: its name in the folder of imports, empty once it is taken in and deleted. `place`: rows that are dealt with, counted in
the transaction that wrote them: what breaks off goes on there and doubles nothing. `checked`: the counts of the dry run."""

import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column("import_id", sa.BigInteger, sa.ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("contact_id", sa.BigInteger),
    sa.Column("change", Json),
    sa.Column("problems", Json),
    sa.Column("cells", Json),
    sa.Index("ix_import_rows_contact_id", "contact_id"),
    one_of("outcome", "new", "matched", "wrong"),
    sqlite_with_rowid=False,
)
"""What a row of the file did; a row that changed nothing has none. `change`: what stood on a matched card before, and what the
import wrote there. `problems` and `cells`: of a row that could not be taken in."""
