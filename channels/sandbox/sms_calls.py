"""A customer of the sandbox calls: Twilio asks the number's voice webhook what to do, does it, and tells how it went."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import aiohttp

from channels.sandbox.base import Customer, PhoneFile

Post = Callable[[str, Mapping[str, str]], Awaitable[aiohttp.ClientResponse | None]]
"""Posts a signed form, None where nobody answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """What a customer does on the telephone. `says`: seconds of voicemail; `waits`: whether they stay until they may speak."""

    says: int = 5
    waits: bool = True
    taken: bool = False
    """Somebody takes the call where it is forwarded to."""
    hides: bool = False
    """The caller's number is not shown."""


@dataclass(kw_only=True, slots=True)
class Call:
    """One call on its way. `heard`: what was said to the caller; `file`: keeps a recording and gives its address."""

    sid: str
    account: str
    customer: Customer
    number: str
    voice_url: str
    status_url: str
    caller: Caller
    post: Post
    file: Callable[[PhoneFile], tuple[str, str]]
    heard: list[str]
    status: str = "ringing"

    async def run(self) -> None:
        """From ringing until all webhooks are answered."""
        await self._follow(await self._ask(self.voice_url, {}))
        final = {"CallbackSource": "call-progress-events", "SequenceNumber": "0", "CallDuration": "7", "Timestamp": ""}
        status = "completed" if self.status in ("ringing", "in-progress") else self.status
        if self.status_url:
            await self._tell(self.status_url, {**final, "CallStatus": status})

    async def _follow(self, instructions: ElementTree.Element) -> None:
        for verb in instructions:
            if verb.tag == "Say":
                self.heard.append(verb.text or "")
                self.status = "in-progress"
            elif verb.tag == "Reject":
                self.status = "busy"
                return
            elif verb.tag == "Record":
                await self._record(verb)
                return
            elif verb.tag == "Dial":
                await self._dial(verb)
                return

    async def _record(self, verb: ElementTree.Element) -> None:
        if not self.caller.waits:
            return
        sound = PhoneFile(kind="audio", name="recording.mp3", mime="audio/mpeg", content=b"ID3" + bytes(self.caller.says))
        sid, url = self.file(sound)
        recorded = {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": str(self.caller.says)}
        await self._follow(await self._ask(verb.attrib["action"], recorded))
        if callback := verb.get("recordingStatusCallback"):
            bare = {"AccountSid": self.account, "CallSid": self.sid, "RecordingStatus": "completed", **recorded}
            await self.post(callback, bare)

    async def _dial(self, verb: ElementTree.Element) -> None:
        outcome = "completed" if self.caller.taken else "no-answer"
        facts = {"DialCallStatus": outcome, "DialCallSid": f"{self.sid}1"}
        if self.caller.taken:
            self.status = "in-progress"
            facts["DialCallDuration"] = "61"
        await self._follow(await self._ask(verb.attrib["action"], facts))

    async def _ask(self, url: str, facts: Mapping[str, str]) -> ElementTree.Element:
        response = await self._tell(url, facts)
        if response is None or not response.ok:
            return ElementTree.Element("Response")
        return ElementTree.fromstring(await response.text())  # noqa: S314 - what the tester's own connector says

    async def _tell(self, url: str, facts: Mapping[str, str]) -> aiohttp.ClientResponse | None:
        caller = "+266696687" if self.caller.hides else self.customer.addresses["sms"]
        form = {"CallSid": self.sid, "AccountSid": self.account, "From": caller, "Caller": caller, "To": self.number}
        form |= {"Called": self.number, "CallStatus": self.status, "Direction": "inbound", "ApiVersion": "2010-04-01", **facts}
        return await self.post(url, form)
