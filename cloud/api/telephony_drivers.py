"""The telephone system of a provider's row."""

import logging
from typing import Final

from cloud.api.services import Services
from cloud.telephony.cti import CtiWebhook
from cloud.telephony.driver import CallFailed, Simulated, Telephone
from cloud.telephony.telephony import PhoneState, Provider, SeatPhone

logger = logging.getLogger(__name__)
SECRET: Final = "phone_provider.secret"  # noqa: S105 - the name of the sealed column


def secret_of(services: Services, provider: Provider) -> str:
    """What both sides sign with."""
    return services.seal.open(bytes(provider.secret_cipher), SECRET)


def telephone_of(services: Services, provider: Provider) -> Telephone:
    """The driver that a provider's row names."""
    if provider.driver == "simulated":
        return Simulated()
    assert provider.command_url is not None, "the table checks it"
    return CtiWebhook(provider.command_url, secret_of(services, provider), services.clock)


async def say_state(services: Services, provider: Provider, phone: SeatPhone) -> None:
    """Tell the telephone system whether a seat takes calls; our own record holds where it cannot be told."""
    try:
        await telephone_of(services, provider).say_state(phone.extension, PhoneState(phone.state))
    except CallFailed as error:
        logger.warning(
            "telephone system was not told",
            extra={"action": "phone_state_untold", "provider": provider.id, "reason": str(error)},
        )
