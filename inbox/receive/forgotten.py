"""What stays of a provider's id when its message is erased: a keyed hash, so that a late repeat brings nobody back."""

import hmac

MARK = "erased:"


def forgotten(secret: str, channel_id: int, external_id: str, thread: str) -> str:
    """What stands in the place of the id. Without the installation's secret nobody can try ids against it."""
    if external_id.startswith(MARK):
        return external_id
    said = f"message:{channel_id}:{thread}:{external_id}"
    return MARK + hmac.digest(secret.encode(), said.encode(), "sha256").hex()[:40]
