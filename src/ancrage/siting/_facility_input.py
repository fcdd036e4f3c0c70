"""What a caller gives to the siting engine alone, checked before any work. Homes and sites are counted from 0."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from ancrage.errors import InputError
from ancrage.siting._benefits import Int8Array
from ancrage.siting.problem import FloatArray, IntArray


def check_costs(costs: ArrayLike) -> FloatArray:
    """Return costs as (n, m) floats >= 0; inf stands for a site that a home cannot reach."""
    table = np.asarray(costs, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise InputError(
            f"The costs have shape {table.shape}: give one row per home and one column per site, one of each at least.",
            f"Les coûts sont de forme {table.shape} : donnez une ligne par foyer et une colonne par site, au moins un "
            "de chaque.",
        )
    wrong = np.argwhere(np.isnan(table) | (table < 0))
    if wrong.size:
        i, s = wrong[0]
        raise InputError(
            f"The cost from home {i} to site {s} is {table[i, s]}: give a number >= 0, or inf where the home cannot "
            "reach the site.",
            f"Le coût du foyer {i} au site {s} vaut {table[i, s]} : donnez un nombre >= 0, ou inf si le foyer ne peut "
            "atteindre le site.",
        )
    return np.ascontiguousarray(table)


def check_points(points: ArrayLike, metric: str, name: str) -> FloatArray:
    """Return points as (n, 2) finite floats; degrees within their ranges for "haversine"."""
    table = np.array(points, dtype=np.float64, order="C")
    if metric not in ("euclidean", "floor", "haversine"):
        raise InputError(
            f"The metric is '{metric}': use 'euclidean', 'floor' or 'haversine'.",
            f"La métrique est « {metric} » : utilisez « euclidean », « floor » ou « haversine ».",
        )
    if table.ndim != 2 or table.shape[0] == 0 or table.shape[1] != 2:
        raise InputError(
            f"The {name} have shape {table.shape}: give two columns (x and y, or longitude and latitude) and one row "
            "at least.",
            f"Les {name} sont de forme {table.shape} : donnez deux colonnes (x et y, ou longitude et latitude) et au "
            "moins une ligne.",
        )
    held = np.isfinite(table)
    if metric == "haversine":
        held &= np.abs(table) <= np.array([180.0, 90.0])
    wrong = np.flatnonzero(~held.all(axis=1))
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"Number {i} of the {name} is at {table[i].tolist()}: give finite numbers (degrees: longitude within 180, "
            "latitude within 90).",
            f"Le numéro {i} des {name} est en {table[i].tolist()} : donnez des nombres finis (en degrés : longitude "
            "dans 180, latitude dans 90).",
        )
    return table


def check_weight(weight: ArrayLike | None, n: int) -> FloatArray:
    """Return weights as (n,) finite floats >= 0, one of them positive; 1 each where none is given."""
    if weight is None:
        return np.ones(n)
    found = np.array(weight, dtype=np.float64, order="C")
    if found.shape != (n,):
        raise InputError(
            f"The weights have shape {found.shape} for {n} homes: give one number per home.",
            f"Les poids sont de forme {found.shape} pour {n} foyers : donnez un nombre par foyer.",
        )
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"The weight of home {i} is {found[i]}: give a finite number >= 0.",
            f"Le poids du foyer {i} vaut {found[i]} : donnez un nombre fini >= 0.",
        )
    if not found.any():
        raise InputError(
            "Every weight is zero: there is nobody to serve. Give at least one positive weight.",
            "Tous les poids sont nuls : il n'y a personne à servir. Donnez au moins un poids positif.",
        )
    return found


def build_state(imposed: Iterable[int], excluded: Iterable[int], m: int) -> Int8Array:
    """Return 1 for imposed sites, -1 for excluded ones, 0 for free ones, (m,)."""
    state = np.zeros(m, dtype=np.int8)
    for sites, mark, en, fr in ((imposed, 1, "imposed", "imposé"), (excluded, -1, "excluded", "exclu")):
        for s in sites:
            if not 0 <= s < m:
                raise InputError(
                    f"Site {s} is {en} but sites are numbered from 0 to {m - 1}: correct the number.",
                    f"Le site {s} est {fr} mais les sites vont de 0 à {m - 1} : corrigez le numéro.",
                )
            if state[s] == -mark:
                raise InputError(
                    f"Site {s} is both imposed and excluded: keep one of the two.",
                    f"Le site {s} est à la fois imposé et exclu : gardez l'un des deux.",
                )
            state[s] = mark
    if (state < 0).all():
        raise InputError(
            f"All {m} sites are excluded: leave at least one.",
            f"Les {m} sites sont tous exclus : laissez-en au moins un.",
        )
    return state


def check_places(places: int, state: Int8Array) -> int:
    """Return the number of places: at least 1 and the imposed sites, at most the sites that may open."""
    available, imposed = int((state >= 0).sum()), int((state > 0).sum())
    if places != int(places) or places < 1:
        raise InputError(
            f"{places} places are asked for: give a whole number from 1 to {available}.",
            f"{places} lieux demandés : donnez un nombre entier de 1 à {available}.",
        )
    if places > available:
        raise InputError(
            f"{places} places are asked for but only {available} sites may open: ask for {available} at most.",
            f"{places} lieux demandés mais {available} sites seulement peuvent ouvrir : demandez-en au plus "
            f"{available}.",
        )
    if places < imposed:
        raise InputError(
            f"{places} places are asked for but {imposed} sites are imposed: ask for {imposed} at least.",
            f"{places} lieux demandés mais {imposed} sites sont imposés : demandez-en au moins {imposed}.",
        )
    return int(places)


def check_limit(limit: float) -> float:
    """Return the largest cost at which a home is covered: a finite number >= 0."""
    if not (np.isfinite(limit) and limit >= 0):
        raise InputError(
            f"The limit is {limit}: give the largest cost at which a home is covered, a finite number >= 0.",
            f"La limite vaut {limit} : donnez le plus grand coût auquel un foyer est couvert, un nombre fini >= 0.",
        )
    return float(limit)


def check_share(share: float) -> float:
    """Return the share of the weight to cover, 0..1."""
    if not 0 <= share <= 1:
        raise InputError(
            f"The share to cover is {share}: give a number from 0 to 1 (0.95 for 95 %).",
            f"La part à couvrir vaut {share} : donnez un nombre de 0 à 1 (0.95 pour 95 %).",
        )
    return float(share)


def check_savings(
    home: ArrayLike, site: ArrayLike, benefit: ArrayLike, homes: int | None, sites: int | None
) -> tuple[IntArray, IntArray, FloatArray, int, int]:
    """Return the pairs as arrays of one length, with the numbers of homes and sites; no pair may come twice."""
    home, site = np.asarray(home), np.asarray(site)
    value = np.asarray(benefit, dtype=np.float64)
    if not (home.shape == site.shape == value.shape == (home.size,)):
        raise InputError(
            f"The homes, sites and benefits of the pairs have shapes {home.shape}, {site.shape} and {value.shape}: "
            "give three lists of one length.",
            f"Les foyers, sites et gains des couples sont de formes {home.shape}, {site.shape} et {value.shape} : "
            "donnez trois listes de même longueur.",
        )
    numbers = []
    for name, given, size in (("home", home, homes), ("site", site, sites)):
        if given.size and given.dtype.kind not in "iu":
            raise InputError(
                f"The {name}s of the pairs are of type {given.dtype}: number them from 0, with integers.",
                f"Les « {name} » des couples sont de type {given.dtype} : numérotez-les à partir de 0, en entiers.",
            )
        count = size if size is not None else int(given.max(initial=-1)) + 1
        wrong = np.flatnonzero((given < 0) | (given >= count))
        if wrong.size or count < 1:
            a = int(wrong[0]) if wrong.size else 0
            received = given[a] if given.size else "none"
            raise InputError(
                f"Pair {a} names {name} {received} where numbers go from 0 to {count - 1}: correct the pair or the "
                "count, and give one pair at least.",
                f"Le couple {a} nomme {name} {received} alors que les numéros vont de 0 à {count - 1} : corrigez le "
                "couple ou le nombre, et donnez au moins un couple.",
            )
        numbers.append((given.astype(np.int64), count))
    (home_at, n), (site_at, m) = numbers
    wrong = np.flatnonzero(~np.isfinite(value))
    if wrong.size:
        raise InputError(
            f"The benefit of pair {wrong[0]} is {value[wrong[0]]}: give a finite number.",
            f"Le gain du couple {wrong[0]} vaut {value[wrong[0]]} : donnez un nombre fini.",
        )
    key = home_at * m + site_at
    order = np.argsort(key, kind="stable")
    twice = np.flatnonzero(key[order][1:] == key[order][:-1])
    if twice.size:
        a, b = int(order[twice[0]]), int(order[twice[0] + 1])
        raise InputError(
            f"Pairs {a} and {b} are both from home {home_at[a]} to site {site_at[a]}: give each pair once.",
            f"Les couples {a} et {b} vont tous deux du foyer {home_at[a]} au site {site_at[a]} : donnez chaque couple "
            "une seule fois.",
        )
    return home_at, site_at, value, n, m


def check_fixed(fixed: float | ArrayLike, m: int) -> FloatArray:
    """Return what each open site costs as (m,) finite floats, one number serving for all."""
    found = np.asarray(fixed, dtype=np.float64)
    if found.shape not in ((), (m,)) or not np.isfinite(found).all():
        raise InputError(
            f"The fixed costs have shape {found.shape} for {m} sites, or one is not finite: give one finite number, or "
            "one per site.",
            f"Les coûts fixes sont de forme {found.shape} pour {m} sites, ou l'un n'est pas fini : donnez un nombre "
            "fini, ou un par site.",
        )
    # A copy: compiled code would be compiled again for an array that may not be written.
    return np.array(np.broadcast_to(found, (m,)), order="C")


def check_reach(costs: FloatArray, weight: FloatArray) -> None:
    """Refuse a home of positive weight that has no finite cost among the sites that may open, (n, .)."""
    lost = np.flatnonzero((weight > 0) & ~np.isfinite(costs).any(axis=1))
    if lost.size:
        raise InputError(
            f"Home {lost[0]} (counted from 0) reaches no site that may open ({lost.size} such homes): give it a "
            "finite cost, a null weight, or leave it out.",
            f"Le foyer {lost[0]} (compté à partir de 0) n'atteint aucun site qui puisse ouvrir ({lost.size} dans ce "
            "cas) : donnez-lui un coût fini, un poids nul, ou retirez-le.",
        )


def check_served(costs: FloatArray, weight: FloatArray, places: int, proven: bool) -> None:
    """Refuse a plan that leaves a home without any open site within reach, (n,) costs being inf there."""
    lost = np.flatnonzero((weight > 0) & ~np.isfinite(costs))
    if lost.size and proven:
        raise InputError(
            f"No choice of {places} sites can be reached by every home: the best leaves {lost.size} out, home "
            f"{lost[0]} (counted from 0) first. Allow more places, or solve a coverage.",
            f"Aucun choix de {places} sites n'est à portée de tous les foyers : le meilleur en oublie {lost.size}, "
            f"d'abord le foyer {lost[0]} (compté à partir de 0). Permettez plus de lieux, ou résolvez une couverture.",
        )
    if lost.size:
        raise InputError(
            f"No choice of {places} sites within reach of every home was found in time: the best leaves {lost.size} "
            f"out, home {lost[0]} (counted from 0) first. Allow more time or more places.",
            f"Aucun choix de {places} sites à portée de tous les foyers n'a été trouvé à temps : le meilleur en oublie "
            f"{lost.size}, d'abord le foyer {lost[0]} (compté à partir de 0). Donnez plus de temps ou de lieux.",
        )


def check_attainable(attainable: float, share: float, lost: int) -> None:
    """Refuse a share of the weight that all the sites that may open do not cover together."""
    if share > attainable * (1.0 + 1e-12):
        raise InputError(
            f"A share of {share:g} is to be covered, but all sites together cover {attainable:.6g} at most ({lost} "
            "homes have none within the limit): lower the share or raise the limit.",
            f"Une part de {share:g} est à couvrir, mais tous les sites ensemble couvrent au plus {attainable:.6g} "
            f"({lost} foyers n'en ont aucun dans la limite) : baissez la part ou augmentez la limite.",
        )
