"""The variables of an instance: the table of docs/guide/operations.md is this list (a test compares them)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One variable of the environment.

    Attributes
    ----------
    name : ANCRAGE_...
    form : what is accepted.
    default : in words, as the documentation writes it.
    meaning : what it changes.
    secret : whether NAME_FILE may name a file that holds the value instead.
    """

    name: str
    form: str
    default: str
    meaning: str
    secret: bool = False


VARIABLES = (
    Variable(
        "ANCRAGE_URL",
        "http(s)://host[:port]",
        "http://localhost:8000",
        "Public address of the instance. With https: secure cookies, redirection of plain requests, HSTS.",
    ),
    Variable(
        "ANCRAGE_SECRET_KEY",
        "text, 50 characters or more",
        "none: required outside of the demonstration",
        "Signs sessions and links: the same at every start, known to nobody. `ancrage site key` makes one.",
        secret=True,
    ),
    Variable(
        "ANCRAGE_FILES",
        "folder",
        "`site` in the user's data folder",
        "What the site keeps: its SQLite database, the files of the results. This is what a backup holds.",
    ),
    Variable(
        "ANCRAGE_DATABASE_URL",
        "`sqlite:///path` or `postgresql://user:password@host:port/name`",
        "`site.sqlite3` in ANCRAGE_FILES",
        "Database. `?sslmode=require` and `?host=/folder/of/socket` are understood.",
        secret=True,
    ),
    Variable("ANCRAGE_DATA", "folder", "the user's data folder", "Territory store that portraits and studies read."),
    Variable(
        "ANCRAGE_STATIC",
        "folder",
        "`static` in ANCRAGE_FILES",
        "Where the style sheets, scripts and fonts are gathered at the start; made again when they change.",
    ),
    Variable(
        "ANCRAGE_EMAIL_URL",
        "`smtp://user:password@host:587?tls=1`, `smtps://user:password@host`, `file:///folder` or `console`",
        "none: required outside of the demonstration",
        "How invitations, verifications and password resets are sent.",
        secret=True,
    ),
    Variable("ANCRAGE_EMAIL_FROM", "e-mail address", "ancrage@ and the host of ANCRAGE_URL", "Sender of the e-mails."),
    Variable("ANCRAGE_NAME", "text", "Ancrage", "Name of the instance, shown on every page and in e-mails."),
    Variable(
        "ANCRAGE_PUBLISHER", "text", "none", "Who publishes the instance: legal notice, accessibility declaration."
    ),
    Variable("ANCRAGE_PUBLISHER_ADDRESS", "text", "none", "Postal address of the publisher, on the legal notice."),
    Variable("ANCRAGE_PUBLICATION_DIRECTOR", "text", "none", "Director of the publication, on the legal notice."),
    Variable("ANCRAGE_HOSTING", "text", "none", "Name and address of the host of the server, on the legal notice."),
    Variable(
        "ANCRAGE_CONTACT",
        "e-mail address",
        "none",
        "Who answers about accessibility and personal data; shown on those pages.",
    ),
    Variable(
        "ANCRAGE_ACCESSIBILITY",
        "none, partial or full",
        "none",
        "State of compliance with RGAA that an audit found, said on every page. See [accessibility](accessibility.md).",
    ),
    Variable(
        "ANCRAGE_ACCESSIBILITY_URL",
        "web address",
        "none",
        "Accessibility declaration that follows the audit; required when the state is partial or full.",
    ),
    Variable("ANCRAGE_SOURCE_CODE_URL", "web address", "none", "Where the source code is, linked from the footer."),
    Variable(
        "ANCRAGE_HOSTS",
        "names separated by commas",
        "the host of ANCRAGE_URL, localhost, 127.0.0.1, [::1]",
        "Host names that the site answers to.",
    ),
    Variable(
        "ANCRAGE_BEHIND_PROXY",
        "yes or no",
        "no",
        "A proxy stands in front: its X-Forwarded-Proto and X-Forwarded-For are believed. Never without one.",
    ),
    Variable(
        "ANCRAGE_SSL_REDIRECT",
        "yes or no",
        "yes when ANCRAGE_URL is https",
        "Redirect plain requests to https. `/sante` always answers in plain, for health checks.",
    ),
    Variable(
        "ANCRAGE_SIGNUP",
        "open or invited",
        "invited (open in the demonstration)",
        "Who may create an account, then organisations: anyone, or only those who were invited by an organisation.",
    ),
    Variable(
        "ANCRAGE_OIDC_URL",
        "https address of the issuer",
        "none: no button",
        "Identity provider (OpenID Connect) that people may sign in with; the next ones come with it: see "
        "[accounts](accounts.md).",
    ),
    Variable("ANCRAGE_OIDC_CLIENT_ID", "text", "none", "Identifier that the provider gave to this instance."),
    Variable("ANCRAGE_OIDC_SECRET", "text", "none", "Secret that the provider gave to this instance.", secret=True),
    Variable(
        "ANCRAGE_OIDC_ID",
        "small letters, digits and hyphens",
        "oidc",
        "Short name of the provider in the return address: /compte/fournisseur/ID/retour/.",
    ),
    Variable("ANCRAGE_OIDC_NAME", "text", "the host of ANCRAGE_OIDC_URL", "Name of the provider on the button."),
    Variable(
        "ANCRAGE_OIDC_TRUST_EMAIL",
        "yes or no",
        "no",
        "The provider vouches for the addresses it gives, even when it does not say that it verified them.",
    ),
    Variable(
        "ANCRAGE_IGN_BACKGROUND",
        "yes or no",
        "no",
        "Draw IGN's map under the maps. Browsers then ask data.geopf.fr, the only other host a page can ask.",
    ),
    Variable(
        "ANCRAGE_RUN_SECONDS",
        "whole number, 10 or more",
        "900",
        "Longest time a study may compute, in seconds; it is then stopped and says so.",
    ),
    Variable(
        "ANCRAGE_UPLOAD_MB",
        "whole number, 1 or more",
        "15",
        "Largest document that can be joined to a convention or to a request of aid, in megabytes.",
    ),
    Variable("ANCRAGE_LOG_LEVEL", "debug, info, warning or error", "info", "Least level of what is logged."),
    Variable(
        "ANCRAGE_LOG_REQUESTS",
        "yes or no",
        "no",
        "Log each request: method, name of the page, status, milliseconds. Never its address nor its query.",
    ),
    Variable("ANCRAGE_LOG_ADDRESSES", "yes or no", "no", "Add the visitor's IP address to the logged requests."),
    Variable(
        "ANCRAGE_DEMO",
        "yes or no",
        "no",
        "A banner on every page, a random secret key when none is given. `ancrage serve --demo` sets it.",
    ),
    Variable("ANCRAGE_DEBUG", "yes or no", "no", "For developers only: Django's debugging pages."),
    Variable("ANCRAGE_LANG", "fr or en", "fr", "Language of the terminal: commands, refusals at the start."),
    Variable(
        "ANCRAGE_ADMIN_PASSWORD",
        "text",
        "asked in the terminal",
        "Password of the first administrator, read by `ancrage site init` only.",
        secret=True,
    ),
)

# Read by the tests and the benchmarks, not by an instance.
DEVELOPMENT = ("ANCRAGE_REAL_DATA", "ANCRAGE_TEST_DATABASE_URL")


def list_variables() -> tuple[Variable, ...]:
    """Return every variable an instance understands."""
    return VARIABLES


def list_names() -> set[str]:
    """Return every accepted name, those of files that hold a secret included."""
    names = {variable.name for variable in VARIABLES}
    return names | {f"{variable.name}_FILE" for variable in VARIABLES if variable.secret} | set(DEVELOPMENT)
