"""What an SMTP server's answers mean to us: try again, this mail never, this address never, or the channel is set up wrongly."""

from aiosmtplib import errors

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry
from channels.mail.server import Server, unreachable, wrong
from channels.mail.verdict import code_in, is_hard


def code_of(error: BaseException) -> str:
    if isinstance(error, errors.SMTPResponseException):
        return code_in(error.message) or str(error.code)
    return "connect"


def _words(error: errors.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"[:500]


def not_connected(error: Exception, server: Server) -> ChannelError:
    """Why there is no session: the network, the encryption, the login, or the server's own refusal."""
    if isinstance(error, errors.SMTPAuthenticationError):
        return _not_let_in(error, server)
    if isinstance(error, errors.SMTPNotSupported | ValueError) or type(error) is errors.SMTPException:
        return _not_offered(str(error), server)
    if isinstance(error, errors.SMTPResponseException) and error.code >= 500:
        if error.code in (530, 538) and server.tls == "none":
            return wrong(f"The SMTP server wants encryption first: {_words(error)}", "tls", code_of(error))
        return Misconfigured(f"The SMTP server refuses us: {_words(error)}", code=code_of(error), field="smtp_host")
    return unreachable(error, server) or Retry("The SMTP server cannot be reached", code=code_of(error))


def _not_let_in(error: errors.SMTPAuthenticationError, server: Server) -> ChannelError:
    if 400 <= error.code < 500:
        return Retry(f"The SMTP server cannot check the login now: {_words(error)}", code=code_of(error))
    if error.code in (530, 538) and server.tls == "none":
        return wrong(f"The SMTP server takes no login without encryption: {_words(error)}", "tls", code_of(error))
    what, name = ("access token", "oauth_refresh_token") if server.oauth else ("user name or password", "password")
    return wrong(f"The SMTP server refuses the {what}: {_words(error)}", name, code_of(error))


def _not_offered(words: str, server: Server) -> Misconfigured:
    if "XOAUTH2" in words:
        return wrong("The SMTP server takes no OAuth sign-in (XOAUTH2)", "oauth_token_url", "unsupported")
    if "STARTTLS" in words.upper():
        return wrong("The SMTP server does not offer STARTTLS", "tls", "unsupported")
    if "AUTH" in words.upper():
        hint = ": perhaps only with encryption" if server.tls == "none" else ""
        return wrong(f"The SMTP server takes no login{hint}", "tls" if hint else "password", "unsupported")
    return wrong(f"The SMTP server does not offer what the settings ask for: {words[:200]}", "tls", "unsupported")


def sender_refused(error: errors.SMTPSenderRefused) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=code_of(error))
    if error.code == 552:
        return Refused(f"The mail is too large for the mail server: {_words(error)}", code=code_of(error))
    return wrong(f"The mail server does not let us send from this address: {_words(error)}", "address", code_of(error))


def recipient_refused(error: errors.SMTPRecipientRefused) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=code_of(error))
    if error.code in (530, 535) or "relay" in error.message.lower():
        return wrong(f"The mail server does not forward mail for us: {_words(error)}", "user", code_of(error))
    kind = Blocked if is_hard(code_in(error.message), error.message) else Refused
    return kind(f"The address was refused: {_words(error)}", code=code_of(error))


def copy_refused(error: errors.SMTPRecipientRefused, address: str) -> ChannelError:
    """Nothing was sent yet, so the whole mail waits for the person who asked for this copy."""
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=code_of(error))
    return Refused(f"Nothing was sent, because the copy to {address} was refused: {_words(error)}", code=code_of(error))


def content_refused(error: errors.SMTPDataError) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=code_of(error))
    kind = Blocked if is_hard(code_in(error.message), error.message) else Refused
    return kind(f"The mail was refused: {_words(error)}", code=code_of(error))
