"""The providers: each a package of its own that imports no other. An explicit list: no scanning, no entry points."""

from simulator.edge.provider import Provider
from simulator.providers.coop import PROVIDER as COOP
from simulator.providers.daraja import PROVIDER as DARAJA
from simulator.providers.jenga import PROVIDER as JENGA

PROVIDERS: tuple[Provider, ...] = (DARAJA, JENGA, COOP)
