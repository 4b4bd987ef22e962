"""Who may do what on the MQTT broker, as configuration for nats-server and for mosquitto. Pure but for salts.

A gateway writes `up/#` and `state/#` of its own id, reads `down/#` of its own id and the cloud's status,
nothing else. Its secret has 256 random bits and needs no stretching: thousands of reconnects cost little.
"""

import base64
import hashlib
import json
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import bcrypt

from firmware_specs import topics

MQTT_STREAM: Final = "$MQTT_msgs"  # where nats-server keeps every MQTT message of QoS 1
READER_INBOX: Final = "_INBOX.carebed"  # where a reader of that stream has its answers sent
INGEST_USER: Final = "carebed-ingest"
WORK_USER: Final = "carebed-work"
MAX_PAYLOAD_BYTES: Final = (
    1_280 * 1024
)  # one MB arrives and is quarantined instead of closing the gateway's link
_BCRYPT_COST: Final = 4  # the least that bcrypt knows
_PBKDF2_ROUNDS: Final = 101  # mosquitto's own default
# In a storm an SOS is found among what has arrived, not behind what the broker still holds.
_MAX_ACK_PENDING: Final = 8000
_KEPT_THRICE: Final = "\n  stream_replicas: 3\n  consumer_replicas: 3"
_DELIVERIES: Final = (
    "$MQTT.sub.>"  # where nats-server delivers QoS 1; its MQTT side refuses to subscribe to it
)


# Port, TLS, NATS's own protocol.
_SCHEMES: Final = {
    "mqtt": (1883, False, False),
    "mqtts": (8883, True, False),
    "nats": (4222, False, True),
    "natss": (4222, True, True),
}
_LOOKS_LIKE: Final = "a broker's address looks like mqtt://user:secret@host:1883 (mqtts:// for TLS)"
_OR_NATS: Final = ", for readers in a group on NATS nats://user:secret@host:4222 (natss:// for TLS)"

_READING: Final = (  # make a consumer of the stream, ask it for messages, acknowledge
    f"$JS.API.CONSUMER.DURABLE.CREATE.{MQTT_STREAM}.*",
    f"$JS.API.CONSUMER.MSG.NEXT.{MQTT_STREAM}.*",
    f"$JS.ACK.{MQTT_STREAM}.>",
)


@dataclass(frozen=True)
class Login:
    """A user of the broker: its name and what the two brokers keep of its secret."""

    name: str
    bcrypt: str
    pbkdf2: str


@dataclass(frozen=True)
class Address:
    """Where a broker listens and as whom to come: `mqtt://user:secret@host:port`, `mqtts://` for TLS.

    `nats://` (`natss://`: TLS from the first byte) is NATS's own protocol, for readers of its streams.
    """

    host: str
    port: int
    user: str | None
    secret: str | None
    tls: bool
    nats: bool = False

    @classmethod
    def parse(cls, url: str, *, reader: bool = False) -> "Address":
        """Read an address; raises ValueError saying what is wrong. Only a `reader` may come by NATS."""
        parts = urlsplit(url)
        schemes = _SCHEMES if reader else {name: _SCHEMES[name] for name in ("mqtt", "mqtts")}
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(_LOOKS_LIKE + (_OR_NATS if reader else ""))
        port, tls, nats = schemes[parts.scheme]
        user, secret = (None if text is None else unquote(text) for text in (parts.username, parts.password))
        return cls(parts.hostname, parts.port or port, user, secret, tls, nats)

    def context(self) -> ssl.SSLContext | None:
        """How to make sure of the broker; None without TLS."""
        return ssl.create_default_context() if self.tls else None


@dataclass(frozen=True)
class Access:
    """MQTT topic filters that a user may publish to and subscribe to; a `reader` may read NATS's stream."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    reader: bool = False


@dataclass(frozen=True)
class Cluster:
    """One of three or more nats-servers: its own name, `host:port` for the others, their `nats-route://…`."""

    server: str
    listen: str
    routes: tuple[str, ...]


SERVICES: Final[dict[str, Access]] = {
    INGEST_USER: Access(subscribe=(f"{topics.PREFIX}/+/up/#", topics.STATES), reader=True),
    WORK_USER: Access(publish=(f"{topics.PREFIX}/+/down/#", topics.CLOUD_STATUS)),
}


def gateway_access(gateway: str) -> Access:
    """What one gateway may do; `gateway` is a wire id."""
    return Access(
        publish=(topics.up(gateway, "#"), topics.state(gateway, "#")),
        subscribe=(topics.down(gateway, "#"), topics.CLOUD_STATUS),
    )


def new_secret() -> str:
    """A secret of 256 random bits, base64url."""
    return secrets.token_urlsafe(32)


def gateway_verifiers(secret: str) -> tuple[str, str]:
    """What is stored of a secret: bcrypt for nats-server, PBKDF2-SHA512 as mosquitto writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _PBKDF2_ROUNDS)
    salt_text, digest_text = (base64.b64encode(data).decode() for data in (salt, digest))
    hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt(_BCRYPT_COST)).decode()
    return hashed, f"$7${_PBKDF2_ROUNDS}${salt_text}${digest_text}"


def login(name: str, secret: str) -> Login:
    """The login of a user whose secret is known."""
    return Login(name, *gateway_verifiers(secret))


def nats_config(
    gateways: Sequence[Login],
    services: Sequence[Login],
    *,
    mqtt_port: int,
    store_dir: str,
    host: str = "127.0.0.1",
    client_port: int = -1,
    cluster: Cluster | None = None,
) -> str:
    """A whole nats-server configuration: MQTT on `host`, its own client port (-1: any) on loopback only.

    With `cluster`, one of several that keep every message three times and go on without one of them.
    Services are users named in SERVICES. Of them only readers of the stream can use the client port.
    """
    users = [_nats_user(user, SERVICES[user.name]) for user in services]
    users += [_nats_user(user, gateway_access(user.name)) for user in gateways]
    return f"""# Generated by carebed-cloud; changes are overwritten.
server_name: {"carebed" if cluster is None else cluster.server}
host: 127.0.0.1
port: {client_port}
max_payload: {MAX_PAYLOAD_BYTES}
max_pending: 268435456
max_connections: 65536
jetstream {{
  store_dir: {json.dumps(store_dir)}
  sync_interval: 1s
  limits {{ default_max_consumers: -1 }}
}}
mqtt {{
  host: {json.dumps(host)}
  port: {mqtt_port}
  ack_wait: 10s
  max_ack_pending: {_MAX_ACK_PENDING}{"" if cluster is None else _KEPT_THRICE}
}}
{"" if cluster is None else _nats_cluster(cluster)}authorization {{
  users: [
{chr(10).join(users)}
  ]
}}
"""


def _nats_cluster(cluster: Cluster) -> str:
    return f"""cluster {{
  name: carebed
  listen: {json.dumps(cluster.listen)}
  routes: {json.dumps(list(cluster.routes))}
}}
"""


def mosquitto_files(
    gateways: Sequence[Login],
    services: Sequence[Login],
    *,
    directory: str = "/etc/mosquitto/carebed",
    gateway_port: int = 1883,
    service_port: int = 18831,
    host: str = "127.0.0.1",
) -> dict[str, str]:
    """Files for mosquitto 2: two listeners, as only a gateway's client id is forced to be its user's name.

    `carebed.conf` belongs into conf.d, the others into `directory`. The services' listener is on loopback.
    """
    service_acl = "\n\n".join(
        f"user {user.name}\n{_mosquitto_rules('topic', SERVICES[user.name])}" for user in services
    )
    return {
        "carebed.conf": _MOSQUITTO_CONF.format(
            directory=directory,
            host=host,
            gateway_port=gateway_port,
            service_port=service_port,
            max_payload=MAX_PAYLOAD_BYTES,
        ),
        "gateways.passwd": "".join(f"{user.name}:{user.pbkdf2}\n" for user in gateways),
        "gateways.acl": _mosquitto_rules("pattern", gateway_access("%u")),
        "services.passwd": "".join(f"{user.name}:{user.pbkdf2}\n" for user in services),
        "services.acl": service_acl,
    }


_MOSQUITTO_CONF: Final = """# Generated by carebed-cloud. Gateways have one port, CareBed's programs another.
per_listener_settings true
persistence true
autosave_interval 60
max_queued_messages 0
max_queued_bytes 1073741824
max_inflight_messages 8000
max_packet_size {max_payload}

listener {gateway_port} {host}
allow_anonymous false
password_file {directory}/gateways.passwd
acl_file {directory}/gateways.acl
use_username_as_clientid true

listener {service_port} 127.0.0.1
allow_anonymous false
password_file {directory}/services.passwd
acl_file {directory}/services.acl
"""


def _nats_user(user: Login, access: Access) -> str:
    publish = [subject for text in access.publish for subject in nats_subjects(text)]
    subscribe = [subject for text in access.subscribe for subject in nats_subjects(text)]
    if access.reader:
        publish += _READING
        subscribe.append(f"{READER_INBOX}.>")
    permissions = {
        "publish": {"allow": publish} if publish else {"deny": [">"]},
        "subscribe": {"allow": [*subscribe, _DELIVERIES]},
    }
    return "    " + json.dumps(
        {
            "user": user.name,
            "password": user.bcrypt,
            "allowed_connection_types": ["MQTT", "STANDARD"] if access.reader else ["MQTT"],
            "permissions": permissions,
        }
    )


def nats_subjects(topic_filter: str) -> list[str]:
    """An MQTT filter as NATS subjects: `a/#` covers `a` too, which NATS spells apart."""
    subject = topic_filter.replace("/", ".").replace("+", "*")
    if subject.endswith(".#"):
        return [subject.removesuffix(".#"), subject.removesuffix("#") + ">"]
    return [subject]


def _mosquitto_rules(word: str, access: Access) -> str:
    """Lines of an access file; `pattern` puts each client's own name in the place of %u."""
    lines = [f"{word} write {text}" for text in access.publish]
    lines += [f"{word} read {text}" for text in access.subscribe]
    return "\n".join(lines) + "\n"
