"""The version of this program, as installed."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("switchboard-inbox")
except PackageNotFoundError:
    VERSION = "0.0.0"
"""0.0.0: run from a checkout that was not installed."""
