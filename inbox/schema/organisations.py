"""Tables of the organisations that people work for: the organisation and its fields, who worked there when as what, merges."""

import sqlalchemy as sa

from inbox.schema.base import Instant, Json, key, link, metadata, partial
from inbox.schema.cards import defined_fields

STANDINGS = ("lead", "client", "partner", "supplier", "former", "other")
PARTS = ("decides", "influences", "uses", "pays", "other")
INFLUENCES = ("high", "medium", "low")

organisations = sa.Table(
    "organisations",
    metadata,
    key(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sort", sa.Text, nullable=False),
    sa.Column("fold", sa.Text, nullable=False),
    sa.Column("status", sa.Text),
    sa.Column("website", sa.Text, nullable=False, server_default=""),
    sa.Column("phones", Json, nullable=False, server_default="[]"),
    sa.Column("emails", Json, nullable=False, server_default="[]"),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("registration", sa.Text, nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("fields", Json, nullable=False, server_default="{}"),
    sa.Column("tags", Json, nullable=False, server_default="[]"),
    link("manager_id", "managers.id", nullable=True),
    sa.Column("import_id", sa.BigInteger),
    link("merged_into", "organisations.id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Index("ix_organisations_sort", "sort", "id"),
    sa.Index("ix_organisations_fold", "fold"),
    partial("ix_organisations_registration", "registration", where="registration <> ''"),
    partial("ix_organisations_import", "import_id", where="import_id IS NOT NULL"),
)
"""`sort`: the name in small letters without the legal form, `fold`: the same in our spelling, which likely duplicates share.
`registration`: ИНН, VAT number and the like. `import_id`: the import that made it."""

employments = sa.Table(
    "employments",
    metadata,
    key(),
    sa.Column("contact_id", sa.BigInteger, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    link("organisation_id", "organisations.id"),
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    sa.Column("part", sa.Text),
    sa.Column("influence", sa.Text),
    sa.Column("since", sa.Text, nullable=False, server_default=""),
    sa.Column("until", sa.Text, nullable=False, server_default=""),
    sa.Column("ended", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("import_id", sa.BigInteger),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.UniqueConstraint("contact_id", "organisation_id", "since"),
    sa.Index("ix_employments_organisation", "organisation_id", "ended", "id"),
    partial("ix_employments_import", "import_id", where="import_id IS NOT NULL"),
)
"""Somebody in an organisation. `since`, `until`: 2024, 2024-05 or 2024-05-17, empty where nobody knows; `ended`: they work there
no more. `part`: theirs in what the organisation decides."""

organisation_merges = sa.Table(
    "organisation_merges",
    metadata,
    key(),
    link("organisation_id", "organisations.id"),
    link("merged_id", "organisations.id"),
    sa.Column("at", Instant, nullable=False),
    link("by", "managers.id"),
    sa.Column("before", Json, nullable=False, server_default="{}"),
    sa.Column("undone_at", Instant),
    sa.Column("undone_by", sa.BigInteger),
    sa.Index("ix_organisation_merges_organisation_id", "organisation_id"),
)
"""`before`: ids of the employments that moved, what the other organisation filled in, and ids of those that led to it (`led`)."""

organisation_fields = defined_fields("organisation_fields")
"""A field that the lead defined for organisations. Values stand in `organisations.fields` under `name`."""

organisation_events = sa.Table(
    "organisation_events",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, sa.ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which events tell of which organisation; a merge tells of both."""
