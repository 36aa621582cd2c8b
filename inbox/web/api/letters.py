"""Mails as they were sent: the layout with all its pictures, and the original to keep or to forward."""

from aiohttp import web

from channels.mail.pictures import show_remote
from inbox.access.rights import Right
from inbox.views import letters as views
from inbox.web.endpoint import Call, endpoint

# What a stranger wrote: no script, no form, no frame, no style from elsewhere, and no page around it learns anything.
_POLICY = (
    "default-src 'none'; img-src 'self' data: https: http:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_PAGE = '<!doctype html><meta charset="utf-8"><base target="_blank"><link rel="stylesheet" href="/mail.css">{}'


@endpoint("GET", "/messages/{message_id}/letter", Right.CONVERSATIONS_READ, answer=str, content_type="text/html")
async def get_letter(call: Call, message_id: int) -> web.Response:
    """A mail's layout as a page of its own, to be framed, with the pictures from elsewhere.

    Their servers learn that the mail is read: ask for it only when somebody wants to see them. `html` of a message holds them
    back.
    """
    html = await call.read(views.letter, message_id)
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return web.Response(text=_PAGE.format(show_remote(html)), content_type="text/html", headers=headers)


@endpoint("GET", "/messages/{message_id}/original", Right.CONVERSATIONS_READ, answer=bytes, content_type="message/rfc822")
async def get_original(call: Call, message_id: int) -> web.Response:
    """The mail exactly as it came, with all headers and quotes, as a file for mail programs."""
    raw = await call.read(views.original, message_id)
    headers = {
        "Content-Type": "message/rfc822",
        "Content-Disposition": f'attachment; filename="message-{message_id}.eml"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=raw, headers=headers)
