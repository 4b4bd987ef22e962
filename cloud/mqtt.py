"""A paho client of MQTT 3.1.1 set up the same way for all of the cloud's programs."""

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from cloud.broker import Address

KEEP_ALIVE_S = 30
_RECONNECT_S = (1, 5)  # shortest and longest wait before the next attempt


def new_client(address: Address, client_id: str, *, durable: bool) -> mqtt.Client:
    """A client not connected yet; `durable` keeps subscriptions and unacknowledged messages at the broker."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=not durable,
        protocol=mqtt.MQTTv311,
    )
    client.username_pw_set(address.user, address.secret)
    if address.tls:
        client.tls_set()
    client.reconnect_delay_set(*_RECONNECT_S)
    client.max_inflight_messages_set(200)
    return client
