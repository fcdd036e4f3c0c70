"""Django settings: every choice of an instance comes from the environment (docs/guide/operations.md)."""

from __future__ import annotations

from pathlib import Path

from django.core.management.utils import get_random_secret_key
from platformdirs import user_data_path

from ancrage.errors import InputError
from ancrage_web.config.environment import Environment, check_accessibility
from ancrage_web.config.logs import build_logging
from ancrage_web.config.oidc import read_oidc
from ancrage_web.config.variables import list_names

_env = Environment()
BASE = Path(__file__).resolve().parent.parent

DEMO = _env.read_flag("ANCRAGE_DEMO")
DEBUG = _env.read_flag("ANCRAGE_DEBUG")
_open = DEMO or DEBUG

# Public address of the instance, without a slash at the end.
_site = _env.read_site("ANCRAGE_URL", "http://localhost:8000")
SITE_URL = _site.geturl()
_secure = _site.scheme == "https"
SECRET_KEY = _env.read_key("ANCRAGE_SECRET_KEY")
if not SECRET_KEY:
    if not _open:
        raise InputError(
            "ANCRAGE_SECRET_KEY is missing: give a long random text, the same at every start ('ancrage site key' "
            "makes one), or a file with ANCRAGE_SECRET_KEY_FILE.",
            "ANCRAGE_SECRET_KEY est absente : donnez un long texte au hasard, le même à chaque démarrage "
            "(« ancrage site key » en fait un), ou un fichier avec ANCRAGE_SECRET_KEY_FILE.",
        )
    SECRET_KEY = get_random_secret_key()

ALLOWED_HOSTS = _env.read_list("ANCRAGE_HOSTS", f"{_site.hostname},localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# The folder of what the site keeps: its database, the files of the results.
FILES = _env.read_folder("ANCRAGE_FILES", user_data_path("ancrage") / "site")
# The territory store that studies read.
DATA = _env.read_folder("ANCRAGE_DATA", user_data_path("ancrage"))
DATABASES = {"default": _env.read_database("ANCRAGE_DATABASE_URL", FILES / "site.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "ancrage_web.design",
    "ancrage_web.pages",
    "ancrage_web.api",
    "ancrage_web.studies",
    "ancrage_web.conventions",
    "ancrage_web.cofunding",
    "ancrage_web.territories",
    "ancrage_web.accounts",
    "ancrage_web.audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_filters",
    "django_tasks",
    "django_tasks_db",
    "rest_framework",
    "drf_spectacular",
    "rules",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ancrage_web.design.middleware.BodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ancrage_web.design.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "ancrage_web.config.urls"
WSGI_APPLICATION = "ancrage_web.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["ancrage_web.design.templatetags.ancrage"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ancrage_web.design.context.describe_instance",
                "ancrage_web.accounts.context.describe_person",
            ],
        },
    }
]
# The form widgets of the theme replace Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# French at the root, English under /en/.
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
USE_I18N = True
TIME_ZONE = "Europe/Paris"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = _env.read_folder("ANCRAGE_STATIC", FILES / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Attached files are never served from the web root: views hand them over after a check.
MEDIA_ROOT = FILES / "files"
# Largest document [MB].
UPLOAD_MB = _env.read_number("ANCRAGE_UPLOAD_MB", 15, minimum=1)
# Largest body of a request [MB]: that document or a table of past grants, and the fields beside it.
BODY_MB = max(UPLOAD_MB, 32) + 3

# Accounts ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "organisations"
LOGIN_URL = "account_login"
# Who may create an account, and then an organisation: anyone, or those who were invited.
SIGNUP = _env.read_choice("ANCRAGE_SIGNUP", ("open", "invited"), "open" if _open else "invited")
ACCOUNT_ADAPTER = "ancrage_web.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "add_email": "ancrage_web.accounts.forms.AddressForm",
    "change_password": "ancrage_web.accounts.forms.ChangePasswordForm",
    "login": "ancrage_web.accounts.forms.SignInForm",
    "reauthenticate": "ancrage_web.accounts.forms.ConfirmPasswordForm",
    "reset_password": "ancrage_web.accounts.forms.ForgottenForm",
    "reset_password_from_key": "ancrage_web.accounts.forms.NewPasswordForm",
    "set_password": "ancrage_web.accounts.forms.SetPasswordForm",
    "signup": "ancrage_web.accounts.forms.SignupForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
# Each change of a way to sign in is told by e-mail, and asks for the password again after five minutes.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
MFA_ADAPTER = "ancrage_web.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "ancrage_web.accounts.forms.ActivateCodesForm",
    "add_webauthn": "ancrage_web.accounts.forms.AddPasskeyForm",
    "authenticate": "ancrage_web.accounts.forms.CodeForm",
    "edit_webauthn": "ancrage_web.accounts.forms.RenamePasskeyForm",
    "reauthenticate": "ancrage_web.accounts.forms.ConfirmCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
# Browsers accept passkeys without https on the machine itself only.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _secure

# An identity provider of the organisation (OpenID Connect): all of it, or nothing.
OIDC = read_oidc(_env)
SOCIALACCOUNT_ADAPTER = "ancrage_web.accounts.adapters.ProviderAdapter"
SOCIALACCOUNT_FORMS = {"signup": "ancrage_web.accounts.forms.ProviderSignupForm"}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "provider_class": "ancrage_web.accounts.oidc.Provider",
        "APPS": [] if OIDC is None else [OIDC.describe()],
    }
}
# Someone whose address the provider has verified finds their account by it; the pages never keep tokens.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False

# Security ---------------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SECURE_SSL_REDIRECT = _secure and _env.read_flag("ANCRAGE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _secure
# To be in the lists of browsers is for the owner of the whole domain to decide, not for one site of it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# Health checks ask in plain, from the machine itself.
SECURE_REDIRECT_EXEMPT = [r"^sante$"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The form of a scenario has a field for each commune of a dozen EPCI, and one more for each zone it is in.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
BEHIND_PROXY = _env.read_flag("ANCRAGE_BEHIND_PROXY")
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # The limits of sign-in count by address: that of the visitor, which the proxy adds last.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

# An IGN background under the maps is an option of the instance: it is the only third party a page can ask.
IGN_BACKGROUND = _env.read_flag("ANCRAGE_IGN_BACKGROUND")
_tiles = ["https://data.geopf.fr"] if IGN_BACKGROUND else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        # MapLibre and Vega place their parts with style attributes; no style sheet can be injected.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:", *_tiles],
        "connect-src": ["'self'", *_tiles],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        # The button of the identity provider is a form that ends there.
        "form-action": ["'self'", *([OIDC.origin] if OIDC is not None else [])],
        "frame-ancestors": ["'none'"],
    }
}

# Tasks ------------------------------------------------------------------------------------------------------------
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
# Time that the computation of a scenario may take, reports included [s].
RUN_SECONDS = _env.read_number("ANCRAGE_RUN_SECONDS", 900, minimum=10)

# E-mail -----------------------------------------------------------------------------------------------------------
SERVER_EMAIL = DEFAULT_FROM_EMAIL = _env.read_text("ANCRAGE_EMAIL_FROM", f"ancrage@{_site.hostname}")
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
_email = _env.read_email("ANCRAGE_EMAIL_URL")
if not _email and not _open:
    raise InputError(
        "ANCRAGE_EMAIL_URL is missing: without e-mail nobody can be invited nor reset a password. Write "
        "smtp://user:password@host:587?tls=1, or 'console' to print the messages in the terminal.",
        "ANCRAGE_EMAIL_URL est absente : sans courriel, on ne peut ni inviter ni réinitialiser un mot de passe. "
        "Écrivez smtp://utilisateur:motdepasse@hôte:587?tls=1, ou « console » pour afficher les messages dans le "
        "terminal.",
    )
globals().update(_email)

# API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["ancrage_web.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    # No pages that send requests from the browser: the reference is at /api/v1/, and it only says.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ancrage_web.api.parsing.StorableParser"],
    "DEFAULT_THROTTLE_CLASSES": ["ancrage_web.api.throttling.ClientThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anonymous": "120/min", "token": "600/min"},
    # The address of a client is that given by the proxy of the instance, if it has one, else that of the connection.
    "NUM_PROXIES": 1 if _env.read_flag("ANCRAGE_BEHIND_PROXY") else 0,
    "EXCEPTION_HANDLER": "ancrage_web.api.problems.answer_problem",
    "URL_FORMAT_OVERRIDE": None,
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ancrage",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["ancrage_web.api.schema.list_endpoints"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ancrage_web.api.schema.complete_schema",
    ],
}

INSTANCE_NAME = _env.read_text("ANCRAGE_NAME", "Ancrage")
# Who answers for the instance: the legal notice and the accessibility declaration show what is given.
PUBLISHER = _env.read_text("ANCRAGE_PUBLISHER")
PUBLISHER_ADDRESS = _env.read_text("ANCRAGE_PUBLISHER_ADDRESS")
PUBLICATION_DIRECTOR = _env.read_text("ANCRAGE_PUBLICATION_DIRECTOR")
HOSTING = _env.read_text("ANCRAGE_HOSTING")
CONTACT = _env.read_text("ANCRAGE_CONTACT")
SOURCE_CODE_URL = _env.read_address("ANCRAGE_SOURCE_CODE_URL")
# What an audit found, and the declaration that follows it.
ACCESSIBILITY = _env.read_choice("ANCRAGE_ACCESSIBILITY", ("none", "partial", "full"), "none")
ACCESSIBILITY_URL = _env.read_address("ANCRAGE_ACCESSIBILITY_URL")
check_accessibility(ACCESSIBILITY, ACCESSIBILITY_URL)

# Log --------------------------------------------------------------------------------------------------------------
LOGGING = build_logging(_env.read_choice("ANCRAGE_LOG_LEVEL", ("debug", "info", "warning", "error"), "info"))
LOG_ADDRESSES = _env.read_flag("ANCRAGE_LOG_ADDRESSES")
if _env.read_flag("ANCRAGE_LOG_REQUESTS"):
    MIDDLEWARE.insert(0, "ancrage_web.config.logs.RequestLog")

# The last line: every variable has been read.
_env.check_names(list_names())
