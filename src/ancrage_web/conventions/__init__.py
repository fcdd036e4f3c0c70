"""Conventions de revitalisation: their life, money, requests of aid, jobs and committees."""
