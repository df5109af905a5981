"""Settings of the report vault: WhatsApp, the keys, and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wipsie.app.settings import parsers
from wipsie.app.settings.variable import Section, variable
from wipsie.kernel.limits import MIB

_DAY_S = 86_400
META = "https://graph.facebook.com"


@dataclass(frozen=True, kw_only=True, repr=False)
class VaultSection(Section):
    """The report vault: reports over WhatsApp, sealed, and found again."""

    graph_url: str = variable(
        "WHATSAPP_GRAPH_URL",
        parsers.url("http", "https"),
        META,
        about="Where the Graph API is spoken; any faithful server will do, such as the one of `wipsie simulator whatsapp`.",
        accepts="a URL such as https://graph.facebook.com",
    )
    graph_version: str = variable(
        "WHATSAPP_GRAPH_VERSION",
        parsers.matching(r"v[0-9]{1,3}\.[0-9]{1,2}"),
        "v26.0",
        about="Version of the Graph API.",
        accepts="a version such as v26.0",
    )
    phone_number_ids: tuple[str, ...] = variable(
        "WHATSAPP_PHONE_NUMBER_ID",
        parsers.words_like(r"[0-9]{1,32}"),
        (),
        written="",
        about="The number of ours that the vault answers on: its id, not the number. Empty answers on every number of the account.",
        accepts="digits, or a comma list of such",
    )
    access_token: str = variable(
        "WHATSAPP_ACCESS_TOKEN",
        parsers.text,
        "",
        secret=True,
        about="Token for the Graph API. Without one nothing is sent; and `wipsie up` on loopback starts the simulator.",
        accepts="a text",
    )
    app_secrets: tuple[str, ...] = variable(
        "WHATSAPP_APP_SECRET",
        parsers.secrets,
        (),
        written="",
        secret=True,
        about="App secret with which Meta signs its webhooks; opens POST /webhook/whatsapp. During a change both, with a comma.",
        accepts="a secret, or a comma list of such",
    )
    verify_tokens: tuple[str, ...] = variable(
        "WHATSAPP_VERIFY_TOKEN",
        parsers.secrets,
        (),
        written="",
        secret=True,
        about="What Meta shows when the callback URL is set; opens GET /webhook/whatsapp. During a change both, with a comma.",
        accepts="a secret, or a comma list of such",
    )
    simulator_port: int | None = variable(
        "WHATSAPP_SIMULATOR_PORT",
        parsers.integer_or("off", 0, 65535),
        8025,
        about="Where `wipsie up` starts the simulator of WhatsApp: on loopback, and without WHATSAPP_ACCESS_TOKEN, only. Another port "
        "is taken when this one is in use; off starts none.",
        accepts="a whole number from 0 to 65535, or off",
    )

    keys: tuple[str, ...] = variable(
        "VAULT_KEYS",
        parsers.hex_keys(32),
        (),
        written="",
        secret=True,
        about="Key-encryption keys of the vault, the one in use first. Empty keeps them in VAULT_KEY_FILE.",
        accepts="64 hex digits, or a comma list of such (openssl rand -hex 32)",
    )
    key_file: Path | None = variable(  # noqa: RUF009 - makes a field
        "VAULT_KEY_FILE",
        parsers.path,
        None,
        written="WIPSIE_DATA_DIR/secrets/vault.keys",
        about="File of the key-encryption keys, made when there is none. Without it nobody reads the vault: keep a copy elsewhere.",
        accepts="a path",
    )
    scanner: str = variable(
        "VAULT_SCANNER",
        parsers.matching(r"unix:/.+|tcp:[^/\s]+:[0-9]{1,5}"),
        "",
        about="A ClamAV daemon that looks at every file; while it is away, files wait. Empty scans nothing, and every report says so.",
        accepts="an address such as tcp:127.0.0.1:3310 or unix:/run/clamav/clamd.ctl",
    )
    file_bytes_max: int = variable(
        "VAULT_FILE_BYTES_MAX",
        parsers.integer(MIB, 100 * MIB),
        20 * MIB,
        about="Largest file that is taken.",
        accepts="a whole number of bytes from 1048576 to 104857600",
    )
    more_kinds: tuple[str, ...] = variable(
        "VAULT_MORE_KINDS",
        parsers.words("webp", "heic"),
        (),
        written="",
        about="Kinds of pictures that are taken beside PDF, JPEG and PNG; heic takes the extra `heic`.",
        accepts="a comma list of webp, heic",
    )
    owner_bytes_max: int = variable(
        "VAULT_OWNER_BYTES_MAX",
        parsers.integer(MIB, 1024 * 1024 * MIB),
        1024 * MIB,
        about="What is kept for one person at most.",
        accepts="a whole number of bytes from 1048576 on",
    )
    keeper: str = variable(
        "VAULT_KEEPER",
        parsers.matching(r"(\S([^\x00-\x1f\x7f]{0,58}\S)?)?"),
        "",
        about="Who keeps the reports, as people are told who agree, and who have to ask somebody: a name, and how they are reached.",
        accepts="at most 60 characters, such as Lakeside Hospital, records, 555-0100",
    )
    card_detail: str = variable(
        "VAULT_CARD_DETAIL",
        parsers.one_of("full", "minimal"),
        "full",
        about="What messages say of a report: full names hospital and type, minimal no more than its number and date.",
        accepts="full or minimal",
    )
    send_files: bool = variable(
        "VAULT_SEND_FILES",
        parsers.boolean,
        False,
        written="false",
        about="Let `GET n FILE` send the file itself over WhatsApp, where it stays for up to 30 days; false sends links only.",
        accepts="true or false",
    )
    deleted_kept_s: float = variable(
        "VAULT_DELETED_KEPT",
        parsers.duration_s(0, 365 * _DAY_S),
        7.0 * _DAY_S,
        written="7d",
        about="How long a deleted report can be brought back; then its keys are destroyed.",
        accepts="a duration up to 365d such as 7d",
    )
    stopped_kept_s: float = variable(
        "VAULT_STOPPED_KEPT",
        parsers.duration_s(0, 365 * _DAY_S),
        30.0 * _DAY_S,
        written="30d",
        about="How long everything of somebody is kept who wrote STOP; then it is erased.",
        accepts="a duration up to 365d such as 30d",
    )
    delete_at_meta: bool = variable(
        "VAULT_DELETE_AT_META",
        parsers.boolean,
        True,
        written="true",
        about="Have Meta delete files once they are fetched.",
        accepts="true or false",
    )
