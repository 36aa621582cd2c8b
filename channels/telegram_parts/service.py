"""Fields by which Telegram tells of the chat itself, in a message that nobody wrote: no answer is waited for."""

from collections.abc import Callable
from typing import Any

from channels.telegram_parts.content import Raw, full_name, words

SERVICE = frozenset(
    {
        "new_chat_members",
        "new_chat_member",
        "left_chat_member",
        "chat_owner_left",
        "chat_owner_changed",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "pinned_message",
        "connected_website",
        "write_access_allowed",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "direct_message_price_changed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway",
        "giveaway_winners",
        "giveaway_completed",
        "managed_bot_created",
        "paid_message_price_changed",
        "poll_option_added",
        "poll_option_deleted",
        "suggested_post_approved",
        "suggested_post_approval_failed",
        "suggested_post_declined",
        "suggested_post_paid",
        "suggested_post_refunded",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
        "community_chat_added",
        "community_chat_removed",
        "chat_shared",
        "user_shared",
    }
)


def said_by(name: str, value: Any) -> str:
    """What a service field says, in words for the channel's page. Never raises."""
    told = ", ".join(filter(None, (_told(name, part) for part in (value if isinstance(value, list) else [value]))))
    return f"{name.replace('_', ' ')}: {told}" if told else name.replace("_", " ")


def _told(name: str, value: Any) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, dict):
        return ""
    reader = _DETAILS.get(name, full_name)
    try:
        return reader(value)
    except (LookupError, TypeError, ValueError, AttributeError):
        return ""


def _proximity(value: Raw) -> str:
    return f"{full_name(value['traveler'])} – {full_name(value['watcher'])}: {value['distance']} m"


def _post(value: Raw) -> str:
    return words(value.get("comment")) or " ".join(filter(None, (words(value.get("amount")), words(value.get("currency")))))


_DETAILS: dict[str, Callable[[Raw], str]] = {
    "pinned_message": lambda value: words(value.get("text")) or words(value.get("caption")),
    "forum_topic_created": lambda value: words(value.get("name")),
    "forum_topic_edited": lambda value: words(value.get("name")),
    "message_auto_delete_timer_changed": lambda value: f"{value['message_auto_delete_time']} s",
    "video_chat_ended": lambda value: f"{value['duration']} s",
    "video_chat_participants_invited": lambda value: ", ".join(full_name(user) for user in value["users"]),
    "proximity_alert_triggered": _proximity,
    "boost_added": lambda value: words(value.get("boost_count")),
    "giveaway": lambda value: words(value.get("prize_description")) or words(value.get("winner_count")),
    "giveaway_winners": lambda value: ", ".join(full_name(user) for user in value["winners"]),
    "giveaway_completed": lambda value: words(value.get("winner_count")),
    "poll_option_added": lambda value: words(value.get("option_text")),
    "poll_option_deleted": lambda value: words(value.get("option_text")),
    "managed_bot_created": lambda value: full_name(value["bot"]),
    "chat_owner_left": lambda value: full_name(value["new_owner"]),
    "chat_owner_changed": lambda value: full_name(value["new_owner"]),
    "checklist_tasks_added": lambda value: ", ".join(words(task.get("text")) for task in value["tasks"]),
    "suggested_post_approval_failed": _post,
    "suggested_post_declined": _post,
    "suggested_post_paid": _post,
    "write_access_allowed": lambda value: words(value.get("web_app_name")),
    "paid_message_price_changed": lambda value: words(value.get("paid_message_star_count")),
    "direct_message_price_changed": lambda value: words(value.get("direct_message_star_count")),
}
"""How to read the fields that tell more than somebody's name."""
