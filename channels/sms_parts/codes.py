"""What Twilio's error codes mean: what is to be done, and the words that the operator reads.

One table for both ways an error comes: in the answer to a send, and later in a status callback.
    again      nothing is wrong with the message: the same one may arrive later
    slow_down  we, or the person, have to wait
    refuse     this message will never arrive as it is
    suppress   nothing that we send to this address will arrive: it is not tried again until the customer writes
    mend       the channel's settings or Twilio's side of them are wrong: an administrator has to act
Codes: https://www.twilio.com/docs/api/errors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Policy = Literal["again", "slow_down", "refuse", "suppress", "mend"]


@dataclass(frozen=True, slots=True)
class Meaning:
    policy: Policy
    words: str
    pause: float = 0.0
    """Seconds to wait where Twilio does not say."""


_SUSPENDED = "The Twilio account is suspended or closed"
_NO_ACCESS = "Twilio does not accept the account SID and auth token"
_NO_RIGHT = "The Twilio account has no right to do this"
_UNKNOWN = "Twilio knows no such account or number"
_NOT_OURS = "The number in `from` does not belong to this Twilio account or cannot send messages"
_WRONG_NUMBER = "This is not a phone number that can receive messages"
_STOPPED = "The customer has stopped messages from this number; they can resume by sending START"
_TOO_LONG = "The text is longer than 1600 characters"
_SHUT = "The WhatsApp window is shut: the customer last wrote more than 24 hours ago, only an approved template may be sent"
_COUNTRY = "Sending to this country is switched off in the Twilio account (geographic permissions)"
_BAD_MEDIA = "Twilio could not use the attachment: its address, type or size"
_TOO_LARGE = "The attachment is too large"
_NO_MMS = "Pictures cannot be sent from this number or to this customer: send a link instead"
_BUSY = "Twilio asks to slow down"
_FAILURE = "Twilio has a failure of its own"
_TRIAL = "A trial account of Twilio's sends only to numbers verified in it"
_UNREGISTERED = "The sending number is not registered for this kind of traffic with the carriers"
_NO_SERVICE = "Twilio knows no such Messaging Service"
_NO_TEMPLATE = "Twilio knows no such template (ContentSid)"
_VARIABLES = "The template's variables do not fit it"
_FILTERED = "The carrier took the message for unwanted and filtered it out"
_WA_FAILURE = "WhatsApp had a failure of its own"
_WA_CONTENT = "WhatsApp did not accept the content of the message"
_WA_BLOCKED = "The customer has blocked us on WhatsApp"
_WA_NONE = "The customer has no WhatsApp under this number"
_WA_CLOSED = "Meta has locked or closed this WhatsApp business account"

_ACCOUNT: Mapping[str, Meaning] = {
    "10001": Meaning("mend", _SUSPENDED),
    "10002": Meaning("mend", "A trial account of Twilio's cannot do this"),
    "20003": Meaning("mend", _NO_ACCESS),
    "20005": Meaning("mend", _SUSPENDED),
    "20006": Meaning("mend", _NO_RIGHT),
    "20008": Meaning("mend", "These are Twilio's test credentials: they send nothing"),
    "20403": Meaning("mend", _NO_RIGHT),
    "20404": Meaning("mend", _UNKNOWN),
    "20409": Meaning("again", "Twilio was busy with another change of the same thing"),
    "20429": Meaning("slow_down", _BUSY),
    "20500": Meaning("again", _FAILURE),
    "20503": Meaning("again", _FAILURE),
    "20504": Meaning("again", _FAILURE),
    "14107": Meaning("slow_down", _BUSY),
    "63038": Meaning("slow_down", "The Twilio account has reached its daily limit of messages", pause=3600.0),
}
_ASKING: Mapping[str, Meaning] = {
    "21211": Meaning("refuse", _WRONG_NUMBER),
    "21212": Meaning("mend", _NOT_OURS),
    "21214": Meaning("refuse", "The customer's number cannot be reached by Twilio"),
    "21217": Meaning("refuse", _WRONG_NUMBER),
    "21219": Meaning("refuse", _TRIAL),
    "21263": Meaning("refuse", "Messages cannot be sent to this kind of number"),
    "21264": Meaning("refuse", "Messages cannot be sent to this kind of number"),
    "21265": Meaning("refuse", "Messages cannot be sent to a short code"),
    "21266": Meaning("refuse", "The message is addressed to the number that it comes from"),
    "21267": Meaning("mend", "A trial account of Twilio's cannot send under a name"),
    "21401": Meaning("refuse", _WRONG_NUMBER),
    "21408": Meaning("refuse", _COUNTRY),
    "21601": Meaning("mend", _NOT_OURS),
    "21602": Meaning("refuse", "The message has no text"),
    "21603": Meaning("mend", "The channel has no number to send from"),
    "21604": Meaning("refuse", "The message has no phone number to go to"),
    "21605": Meaning("refuse", _TOO_LONG),
    "21606": Meaning("mend", _NOT_OURS),
    "21607": Meaning("mend", _NOT_OURS),
    "21608": Meaning("refuse", _TRIAL),
    "21609": Meaning("mend", "Twilio does not accept the public address of this installation for status reports"),
    "21610": Meaning("suppress", _STOPPED),
    "21611": Meaning("slow_down", "Twilio's queue for this number is full", pause=60.0),
    "21612": Meaning("refuse", "Twilio has no way from our number to this one"),
    "21614": Meaning("refuse", "This number cannot receive text messages: it may be a landline"),
    "21616": Meaning("mend", "More than one number of the account fits `from`"),
    "21617": Meaning("refuse", _TOO_LONG),
    "21618": Meaning("refuse", "The text cannot be sent as SMS: it holds characters that Twilio cannot encode"),
    "21619": Meaning("refuse", "The message has neither text nor attachments"),
    "21620": Meaning("refuse", _BAD_MEDIA),
    "21621": Meaning("refuse", _NO_MMS),
    "21622": Meaning("refuse", _NO_MMS),
    "21623": Meaning("refuse", "The message has more than 10 attachments"),
    "21635": Meaning("suppress", "A landline: text messages never arrive there"),
    "21654": Meaning("refuse", _NO_TEMPLATE),
    "21655": Meaning("refuse", _NO_TEMPLATE),
    "21656": Meaning("refuse", _VARIABLES),
    "21657": Meaning("refuse", _VARIABLES),
    "21658": Meaning("refuse", _VARIABLES),
    "21659": Meaning("mend", _NOT_OURS),
    "21660": Meaning("mend", _NOT_OURS),
    "21661": Meaning("mend", _NOT_OURS),
    "21701": Meaning("mend", _NO_SERVICE),
    "21703": Meaning("mend", "The Messaging Service has no number to send from"),
    "21704": Meaning("mend", "The Messaging Service has no number that sends this kind of message to this country"),
    "21705": Meaning("mend", "The Messaging Service SID is not valid"),
    "21712": Meaning("mend", "The number does not belong to the Messaging Service"),
    "21910": Meaning("refuse", "Our number and the customer's are not on the same channel (SMS and WhatsApp mixed)"),
}
_DELIVERING: Mapping[str, Meaning] = {
    "30001": Meaning("again", "Twilio's queue was full and the message was dropped"),
    "30002": Meaning("mend", _SUSPENDED),
    "30003": Meaning("again", "The phone is switched off or out of reach"),
    "30004": Meaning("suppress", "The customer's phone or carrier does not accept messages from us"),
    "30005": Meaning("refuse", "The number does not exist or is no longer in service"),
    "30006": Meaning("suppress", "A landline, or a carrier that cannot be reached: text messages never arrive there"),
    "30007": Meaning("refuse", _FILTERED),
    "30008": Meaning("again", "The carrier did not deliver the message and did not say why"),
    "30009": Meaning("again", "A part of the message was lost on the way"),
    "30010": Meaning("refuse", "The message costs more than the limit that was set"),
    "30011": Meaning("refuse", _NO_MMS),
    "30017": Meaning("again", "The carrier's network is overloaded"),
    "30018": Meaning("mend", "The customer's carrier takes messages only from registered senders"),
    "30019": Meaning("refuse", f"{_TOO_LARGE} for the customer's carrier"),
    "30022": Meaning("again", "The carrier's limit for our number is reached"),
    "30023": Meaning("again", "The carrier's daily limit for our brand is reached"),
    "30024": Meaning("mend", "The carrier does not know this sender"),
    "30027": Meaning("again", "The carrier's daily limit for our brand is reached"),
    "30032": Meaning("mend", _UNREGISTERED),
    "30033": Meaning("mend", "The carriers have suspended the campaign that our number is registered for"),
    "30034": Meaning("mend", _UNREGISTERED),
    "30035": Meaning("mend", _UNREGISTERED),
    "30036": Meaning("again", "The message waited too long and was not sent"),
    "30038": Meaning("refuse", "Twilio filtered out a message that looks like a one-time password"),
    "30039": Meaning("refuse", "Twilio stopped messages that answer each other in a circle"),
    "30044": Meaning("refuse", "A trial account of Twilio's cannot send a text this long"),
    "30410": Meaning("again", "The carrier did not answer in time"),
    "30450": Meaning("refuse", "The carrier took the message for a repeated one and did not deliver it"),
    "30453": Meaning("again", "The customer's carrier is out of order"),
    "30454": Meaning("refuse", "Twilio stopped a repetition of the same message to the same number"),
    "30485": Meaning("again", "The carrier did not deliver the message in time"),
    "30500": Meaning("again", "The carrier had a failure of its own"),
}
_WHATSAPP: Mapping[str, Meaning] = {
    "63001": Meaning("mend", "WhatsApp does not accept the sender's credentials"),
    "63002": Meaning("mend", "WhatsApp does not know the number in `from`"),
    "63003": Meaning("refuse", _WA_NONE),
    "63005": Meaning("refuse", _WA_CONTENT),
    "63006": Meaning("refuse", "Twilio could not put the message into WhatsApp's form"),
    "63007": Meaning("mend", "The number in `from` is not a WhatsApp sender of this Twilio account"),
    "63008": Meaning("mend", "The WhatsApp sender is not set up completely in Twilio"),
    "63009": Meaning("refuse", "WhatsApp did not accept the message"),
    "63010": Meaning("again", _WA_FAILURE),
    "63012": Meaning("again", _WA_FAILURE),
    "63013": Meaning("refuse", "The message breaks a rule of WhatsApp's"),
    "63014": Meaning("suppress", _WA_BLOCKED),
    "63015": Meaning("refuse", "The WhatsApp sandbox sends only to people who have joined it"),
    "63016": Meaning("refuse", _SHUT),
    "63017": Meaning("again", "WhatsApp did not take the message because too many were sent"),
    "63018": Meaning("slow_down", "WhatsApp asks to slow down"),
    "63019": Meaning("refuse", _BAD_MEDIA),
    "63020": Meaning("mend", "Meta has not accepted Twilio's invitation for this WhatsApp account"),
    "63021": Meaning("refuse", "WhatsApp cannot show this content"),
    "63022": Meaning("mend", "WhatsApp does not accept the certificate of our display name"),
    "63023": Meaning("again", _WA_FAILURE),
    "63024": Meaning("refuse", "The customer cannot be reached on WhatsApp"),
    "63025": Meaning("again", _WA_FAILURE),
    "63027": Meaning("refuse", "WhatsApp has no such template in this language"),
    "63028": Meaning("refuse", "The number of variables does not fit the WhatsApp template"),
    "63029": Meaning("refuse", "The customer's phone could not load the template"),
    "63030": Meaning("refuse", "The message holds something that this channel does not carry"),
    "63031": Meaning("refuse", "The message is addressed to the number that it comes from"),
    "63032": Meaning("refuse", "WhatsApp holds this message back: the customer takes part in an experiment of Meta's"),
    "63033": Meaning("suppress", _WA_BLOCKED),
    "63034": Meaning("refuse", f"{_TOO_LARGE} for WhatsApp"),
    "63035": Meaning("refuse", "WhatsApp does not allow this for our number"),
    "63036": Meaning("refuse", "The customer cannot be reached on this channel"),
    "63040": Meaning("refuse", "WhatsApp has rejected this template"),
    "63041": Meaning("refuse", "WhatsApp has paused this template because customers complained"),
    "63042": Meaning("refuse", "WhatsApp has disabled this template"),
    "63049": Meaning("refuse", "Meta chose not to deliver this marketing message to the customer"),
    "63051": Meaning("mend", _WA_CLOSED),
}
MEANINGS: Mapping[str, Meaning] = {**_ACCOUNT, **_ASKING, **_DELIVERING, **_WHATSAPP}

BY_STATUS: Mapping[int, Meaning] = {
    401: Meaning("mend", _NO_ACCESS),
    403: Meaning("mend", _NO_RIGHT),
    404: Meaning("mend", _UNKNOWN),
    408: Meaning("again", "Twilio did not answer in time"),
    429: Meaning("slow_down", _BUSY),
}
"""For an answer that has no code of Twilio's."""
