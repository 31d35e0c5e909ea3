"""One call of python-jengaapi, told as JSON: which service, which of its functions, what is signed and sent."""

from __future__ import annotations

import json
import sys

from jengaapi.configs.config import Config
from jengaapi.services.account_services import AccountServices
from jengaapi.services.authorization_service import AuthorizationService
from jengaapi.services.send_money_imt_services import SendMoneyIMTService
from jengaapi.services.send_money_services import SendMoneyService

SERVICES = {"send": SendMoneyService, "imt": SendMoneyIMTService, "account": AccountServices}


def main():
    told = json.loads(sys.argv[1])
    authorization = AuthorizationService(Config)
    call = getattr(SERVICES[told["service"]](Config), told["call"])
    signature = authorization.signature(tuple(told["sign"]))
    print(json.dumps(call(signature, authorization.auth_token, **told["payload"])))


if __name__ == "__main__":
    main()
