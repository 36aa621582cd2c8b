"""What a rule says of a value: which kind of fault, and what should stand there instead."""

from dataclasses import dataclass

KINDS = (
    "name_swapped", "name_case", "name_signs", "name_alphabets", "name_placeholder", "name_address", "name_company",
    "phone_impossible", "phone_placeholder", "mail_typo", "mail_placeholder", "mail_role", "mail_wrong", "city_spelling",
    "city_placeholder",
)  # fmt: skip
"""Every kind of fault, in the order in which pages show them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with a value. `after`: what should stand there, empty for nothing at all, None where only a person knows."""

    kind: str
    after: str | None
