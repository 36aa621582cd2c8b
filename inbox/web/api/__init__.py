"""The API's resources, one file each. Importing this package defines every endpoint."""

from inbox.web.api import contacts, conversations, messages, meta, people, session, tasks

__all__ = ["contacts", "conversations", "messages", "meta", "people", "session", "tasks"]
