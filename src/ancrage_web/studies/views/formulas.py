"""How each published figure is computed, in one sentence, and the coefficients it rests on (docs/method)."""

from __future__ import annotations

from dataclasses import dataclass

from ancrage.language import Text


@dataclass(frozen=True)
class Formula:
    """How a figure is computed.

    Attributes
    ----------
    text : one sentence; coefficients : names of those that move it most directly.
    """

    text: Text
    coefficients: tuple[str, ...] = ()


_DEMAND = (
    "takeup_if_teleworkable",
    "days_per_week",
    "share_telework_days_in_tl",
    "max_access_time_tl",
    "min_time_saved",
    "half_time",
)
_COSTS = (
    "gross_m2_per_desk",
    "capex_per_m2",
    "rent_province",
    "running_cost_m2",
    "facilitator_fte",
    "facilitator_cost_fte",
    "loan_rate",
    "loan_life",
)
_TRIPS = ("office_day_share", "indep_counterfactual_home", "indep_other_km", "weeks_per_year")
_CO2 = ("ef_car_use", "rebound_home", "tl_building_energy")

FORMULAS: dict[str, Formula] = {
    "siting.value": Formula(
        Text(
            "What the chosen objective is worth over one year, summed over the communes that use the network.",
            "Ce que vaut sur un an l'objectif choisi, additionné sur les communes qui utilisent le réseau.",
        ),
        _DEMAND,
    ),
    "demand.desks": Formula(
        Text(
            "Desks needed on the busiest day of the week, at the highest occupancy accepted, place by place.",
            "Postes nécessaires le jour le plus chargé de la semaine, à l'occupation la plus haute admise, lieu par "
            "lieu.",
        ),
        ("peak_share", "occupancy_max", "desks_min", "desks_max"),
    ),
    "demand.desk_days": Formula(
        Text(
            "Days of work spent in the places each week: workers whose job allows it and whose trip gets shorter, "
            "times the days they telework, times the share of those days spent in a place, which falls with distance.",
            "Jours de travail passés dans les lieux chaque semaine : actifs dont l'emploi le permet et dont le trajet "
            "raccourcit, fois leurs jours de télétravail, fois la part de ces jours passée dans un lieu, qui baisse "
            "avec la distance.",
        ),
        _DEMAND,
    ),
    "demand.users": Formula(
        Text(
            "Weekly desk-days divided by the days a week of one teleworker.",
            "Jours-postes de la semaine divisés par les jours par semaine d'un télétravailleur.",
        ),
        ("days_per_week",),
    ),
    "impact.commuter_km": Formula(
        Text(
            "Round trips to the office that are avoided, less the round trips to the place, over a year. A day that "
            "replaces telework at home avoids nothing and adds the trip to the place.",
            "Allers-retours vers le bureau évités, moins les allers-retours vers le lieu, sur un an. Un jour qui "
            "remplace du télétravail à domicile n'évite rien et ajoute le trajet vers le lieu.",
        ),
        _TRIPS,
    ),
    "impact.commuter_car_km": Formula(
        Text(
            "Kilometres avoided by the people who drive, divided by the number of people in a car.",
            "Kilomètres évités par les personnes qui conduisent, divisés par le nombre de personnes par voiture.",
        ),
        (*_TRIPS, "commute_occupancy"),
    ),
    "impact.commuter_hours": Formula(
        Text("As the kilometres, with the travel times.", "Comme les kilomètres, avec les temps de trajet."),
        _TRIPS,
    ),
    "impact.commuter_cost": Formula(
        Text(
            "Car kilometres avoided times the cost of one more kilometre (fuel and wear).",
            "Kilomètres en voiture évités, fois le coût d'un kilomètre de plus (carburant et usure).",
        ),
        ("marginal_car_cost",),
    ),
    "impact.co2_gross": Formula(
        Text(
            "Car kilometres avoided times the emissions of a car.",
            "Kilomètres en voiture évités, fois les émissions d'une voiture.",
        ),
        ("ef_car_use",),
    ),
    "impact.co2_rebound": Formula(
        Text(
            "The share of the savings lost elsewhere: other trips, heating at home.",
            "La part du gain perdue ailleurs : autres trajets, chauffage à domicile.",
        ),
        ("rebound_home",),
    ),
    "impact.co2_building": Formula(
        Text("Desk-days times the energy of a place.", "Jours-postes, fois l'énergie d'un lieu."),
        ("tl_building_energy",),
    ),
    "impact.co2_net": Formula(
        Text(
            "CO₂ avoided on the roads, less the rebound, less the energy of the places.",
            "CO₂ évité sur les routes, moins l'effet rebond, moins l'énergie des lieux.",
        ),
        _CO2,
    ),
    "impact.co2_value": Formula(
        Text(
            "Net tonnes of CO₂ avoided, times the value of a tonne.",
            "Tonnes nettes de CO₂ évitées, fois la valeur d'une tonne.",
        ),
        ("carbon_value",),
    ),
    "impact.shop_spending": Formula(
        Text(
            "Days spent in the places over a year, times the spending of a day, times the share of it that is new for "
            "the territory, times the local multiplier.",
            "Jours passés dans les lieux sur un an, fois la dépense d'une journée, fois sa part nouvelle pour le "
            "territoire, fois le multiplicateur local.",
        ),
        ("local_spend_per_day", "spend_displacement", "local_multiplier_income"),
    ),
    "impact.authority_gross": Formula(
        Text(
            "Rent, running costs, staff and the yearly instalment of the loan that pays the works, for the new places.",
            "Loyer, charges, animation et annuité de l'emprunt qui paie les travaux, pour les nouveaux lieux.",
        ),
        _COSTS,
    ),
    "impact.authority_income": Formula(
        Text(
            "Desk-days sold in the new places over a year, times the price of a day.",
            "Jours-postes vendus dans les nouveaux lieux sur un an, fois le prix d'une journée.",
        ),
        ("price_day", "weeks_per_year"),
    ),
    "impact.authority_net": Formula(
        Text(
            "Yearly cost of the new places, less what users pay. Existing places are outside of the budget.",
            "Coût annuel des nouveaux lieux, moins ce que paient les usagers. Les lieux existants sont hors du budget.",
        ),
        (*_COSTS, "price_day"),
    ),
    "impact.authority_per_desk": Formula(
        Text(
            "Net public cost divided by the desks of the new places.",
            "Coût public net divisé par les postes des nouveaux lieux.",
        ),
        (*_COSTS, "price_day"),
    ),
    "impact.authority_break_even": Formula(
        Text(
            "Share of the desks that must be sold every day for the income to cover the costs.",
            "Part des postes à vendre chaque jour pour que les recettes couvrent les coûts.",
        ),
        ("price_day", *_COSTS),
    ),
    "impact.jobs_ceiling": Formula(
        Text(
            "Additional local spending divided by the turnover of one job: a ceiling, never a forecast.",
            "Dépenses locales supplémentaires divisées par le chiffre d'affaires d'un emploi : un plafond, jamais une "
            "prévision.",
        ),
        ("turnover_per_job", "local_spend_per_day"),
    ),
    "robustness.regret_median": Formula(
        Text(
            "In each simulation within the budget, what keeping this network loses against the best network of that "
            "simulation; half of the simulations lose less.",
            "Dans chaque simulation qui tient le budget, ce que perd ce réseau par rapport au meilleur réseau de cette "
            "simulation ; la moitié des simulations perdent moins.",
        ),
    ),
    "robustness.over_budget": Formula(
        Text(
            "Share of the simulations in which this network costs more than the budget of the study.",
            "Part des simulations où ce réseau coûte plus que le budget de l'étude.",
        ),
    ),
    "robustness.proven": Formula(
        Text(
            "Share of the simulations whose best network is proven to be the best; the others are the best found.",
            "Part des simulations dont le meilleur réseau est prouvé tel ; les autres sont les meilleurs trouvés.",
        ),
    ),
}
