"""What the application carries for its handlers, put there by `inbox.app`."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from inbox.access.passwords import Passwords
from inbox.accounts import Accounts, Vault
from inbox.db import Database
from inbox.files import Store
from inbox.house import House
from inbox.intake import Intake
from inbox.live import Live
from inbox.presence.board import Board
from inbox.presence.door import Door
from inbox.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
DB = web.AppKey("db", Database)
BOARD = web.AppKey("board", Board)
DOOR = web.AppKey("door", Door)
LIVE = web.AppKey("live", Live)
ACCOUNTS = web.AppKey("accounts", Accounts)
HOUSE = web.AppKey("house", House)
STORE = web.AppKey("store", Store)
INTAKE = web.AppKey("intake", Intake)
VAULT = web.AppKey("vault", Vault)
PASSWORDS = web.AppKey("passwords", Passwords)
CLOCK: web.AppKey[Callable[[], datetime]] = web.AppKey("clock", Callable[[], datetime])  # type: ignore[arg-type]
