"""Tables of data quality: what looks wrong on people's cards, looks through everybody, and repairs that can be undone."""

import sqlalchemy as sa

from inbox.schema.base import Instant, key, link, metadata, one_of, partial, rounds

quality_findings = sa.Table(
    "quality_findings",
    metadata,
    key(),
    link("contact_id", "contacts.id", ondelete="CASCADE"),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("after", sa.Text),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("found_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", sa.BigInteger),
    one_of("state", "open", "right"),
    sa.UniqueConstraint("contact_id", "place"),
    partial("ix_quality_findings_open", "kind", "id", where="state = 'open'"),
    partial("ix_quality_findings_right", "kind", "id", where="state = 'right'"),
)
"""A value that looks wrong. `place`: name, fields.<name>, identity.<id>. `after`: what should stand there, empty for nothing,
null where only a person knows. `right`: a person said that this very value is right: remembered while it stands."""

quality_runs = rounds("quality_runs")

quality_batches = sa.Table(
    "quality_batches",
    metadata,
    key(),
    sa.Column("kind", sa.Text),
    link("manager_id", "managers.id"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("last_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("up_to", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("repaired", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refused", sa.Integer, nullable=False, server_default="0"),
    sa.Column("undone", sa.Integer, nullable=False, server_default="0"),
    sa.Column("kept", sa.Integer, nullable=False, server_default="0"),
    sa.Column("undone_by", sa.BigInteger),
    one_of("state", "running", "done", "undoing", "undone"),
    partial("ix_quality_batches_going", "id", where="state IN ('running', 'undoing')"),
)
"""One click: one repair, those that were chosen, or all of a kind. `kind`: of which all are repaired; findings up to `last_id` of
`up_to` are dealt with, in the transaction that repaired them. `kept`: repairs that an undo left, as somebody edited the value."""

quality_repairs = sa.Table(
    "quality_repairs",
    metadata,
    key(),
    sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("quality_batches.id", ondelete="CASCADE"), nullable=False),
    link("contact_id", "contacts.id", ondelete="CASCADE"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("undone_at", Instant),
    sa.Index("ix_quality_repairs_batch", "batch_id", "id"),
    sa.Index("ix_quality_repairs_contact_id", "contact_id"),
)
"""What a repair changed. Holds what stood on a card: who erases a person erases it here too."""
