"""Pages of one's own account: name, ways to sign in, personal data."""

from __future__ import annotations

import json

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ancrage.errors import AncrageError
from ancrage.language import Text
from ancrage_web.accounts.forms import ConfirmForm, NameForm
from ancrage_web.accounts.models import User
from ancrage_web.accounts.personal_data import build_export, erase_person
from ancrage_web.accounts.queries import list_sole_administrations
from ancrage_web.accounts.services import change_name
from ancrage_web.design.words import say


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def show_account(request: HttpRequest) -> HttpResponse:
    """Show one's account, and change one's name."""
    assert isinstance(request.user, User)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        try:
            change_name(request.user, form.cleaned_data["name"])
        except AncrageError as error:
            form.add_error("name", say(error.text))
        else:
            messages.success(request, say(Text("Your name is changed.", "Votre nom est modifié.")))
            return redirect("account")
    factors = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    context = {
        "form": form,
        "has_password": request.user.has_usable_password(),
        "has_second_factor": bool(factors & {"totp", "webauthn"}),
        "has_provider": settings.OIDC is not None or SocialAccount.objects.filter(user=request.user).exists(),
    }
    return render(request, "accounts/account.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def show_personal_data(request: HttpRequest) -> HttpResponse:
    """Say what is stored of the person, and what can be asked."""
    assert isinstance(request.user, User)
    return render(request, "accounts/personal_data.html", {"alone": list_sole_administrations(request.user)})


@never_cache
@require_safe
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def export_personal_data(request: HttpRequest) -> HttpResponse:
    """Hand over everything stored of the person."""
    assert isinstance(request.user, User)
    content = json.dumps(build_export(request.user), ensure_ascii=False, indent=2)
    name = say(Text("my-data", "mes-donnees"))
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return HttpResponse(content, content_type="application/json; charset=utf-8", headers=headers)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def erase_account(request: HttpRequest) -> HttpResponse:
    """Forget the person, after a fresh sign-in and a confirmation."""
    assert isinstance(request.user, User)
    form = ConfirmForm(
        request.POST if request.method == "POST" else None,
        sentence=Text(
            "I erase my account; I know that it cannot be brought back.",
            "J'efface mon compte ; je sais qu'il ne pourra pas être rétabli.",
        ),
    )
    if request.method == "POST" and form.is_valid():
        try:
            erase_person(request.user)
        except AncrageError as error:
            form.add_error(None, say(error.text))
        else:
            logout(request)
            messages.success(request, say(Text("Your account is erased.", "Votre compte est effacé.")))
            return redirect("home")
    context = {"form": form, "alone": list_sole_administrations(request.user)}
    return render(request, "accounts/erase.html", context, status=422 if form.errors else 200)
