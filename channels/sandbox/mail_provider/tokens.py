"""The provider's token service: gives access tokens for a refresh token, as Google and Microsoft do, and knows its own."""

import itertools

from aiohttp import web

CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "sandbox-client", "sandbox-client-secret", "sandbox-refresh-token"


class TokenService:
    """`broken`: answers that it is out of order. `lasts`: seconds that a token is good for, as told to the client."""

    def __init__(self) -> None:
        self.good: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.refresh_token = REFRESH_TOKEN
        self.broken = False
        self.lasts = 3600
        self._numbers = itertools.count(1)

    def routes(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self._give)
        return app

    def revoke(self) -> None:
        """No token given so far opens anything any more."""
        self.good.clear()

    def knows(self, credentials: bytes, user: str) -> bool:
        """Whether an XOAUTH2 answer ("user=…^Aauth=Bearer …^A^A") opens the mailbox of `user`."""
        fields = dict(one.partition("=")[::2] for one in credentials.decode("utf-8", "replace").split("\1"))
        return fields.get("user") == user and fields.get("auth", "").removeprefix("Bearer ") in self.good

    async def _give(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.broken:
            return web.Response(status=503, text="Out of order")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials" and form.get("refresh_token") != self.refresh_token:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = f"sandbox-token-{next(self._numbers)}"
        self.good.add(token)
        return web.json_response({"access_token": token, "expires_in": self.lasts, "token_type": "Bearer"})
