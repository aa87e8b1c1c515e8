"""What holds for all pages: nothing overflows, light and dark, links, a strict policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route

from tests.web.browser import overflow, visit

PAGES = ("", "boston/", "line/")


@pytest.mark.parametrize("page_name", PAGES)
def test_nothing_overflows_a_phone(chromium: Browser, address: str, page_name: str) -> None:
    with visit(chromium, address + page_name, width=320) as page:
        page.wait_for_load_state("networkidle")
        assert not overflow(page)
        page.set_viewport_size({"width": 768, "height": 900})
        assert not overflow(page)


def test_the_theme_is_that_of_the_system_until_it_is_chosen(
    chromium: Browser, address: str
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with visit(chromium, address, color_scheme="dark") as page:
        dark = page.evaluate(ground)
        switch = page.locator("button.theme")
        assert switch.get_attribute("aria-pressed") == "true"
        switch.click()
        light = page.evaluate(ground)
        assert light != dark
        page.goto(f"{address}line/")
        assert page.evaluate(ground) == light
        assert page.get_attribute("button.theme", "aria-pressed") == "false"


def test_pages_that_are_left_out_are_not_linked(chromium: Browser, address: str) -> None:
    with visit(chromium, address) as page:
        links = page.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
        assert {"line/", "boston/"} <= set(links)
        assert not any("digit" in link for link in links)
        for link in ("line/", "boston/"):
            page.goto(address + link)
            assert page.locator("nav a").count() == 2


def test_no_page_needs_more_than_a_strict_policy_allows(chromium: Browser, address: str) -> None:
    with visit(chromium, address) as page:

        def strictly(route: Route) -> None:
            response = route.fetch()
            policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"
            headers = {**response.headers, "content-security-policy": policy}
            route.fulfill(response=response, headers=headers)

        page.route("**/*", strictly)
        for link in ("line/", "boston/"):
            page.goto(address + link)
            page.wait_for_selector("#train:enabled")
