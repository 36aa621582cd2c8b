"""Why a use case says no, in words for a person. The class decides what the web answers.

Refusal
├── Invalid      a field cannot be what it was said to be      -> 422, naming the field
├── NotFound     there is no such thing (or not for you)       -> 404
├── NotAllowed   the person may not do this                    -> 403
└── Conflict     the thing is in a state that does not allow it -> 409
"""


class Refusal(Exception):
    """Base of all refusals; nothing was changed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(Refusal):
    """The value of `field` cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotFound(Refusal):
    """There is no such thing."""


class NotAllowed(Refusal):
    """The person lacks the right."""


class Conflict(Refusal):
    """What is asked for does not fit the state that things are in."""
