"""Draw artifacts/map.png, the README's picture: the map of the shipped sample with a paper selected, in Chromium.

    .venv/bin/python scripts/picture.py

Needs Debian's chromium.
"""

from pathlib import Path

from measuring import CHROMIUM
from playwright.sync_api import sync_playwright

from explorer import Library

PROJECT = Path(__file__).parents[1]


def main() -> None:
    library = Library.build(PROJECT / "explorer" / "sample" / "digest.md", PROJECT / "artifacts" / "demo")
    page_file = library.write_map()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        page.goto(page_file.as_uri() + "#paper=0000.00101")
        page.wait_for_timeout(3000)
        page.screenshot(path=PROJECT / "artifacts" / "map.png")
        browser.close()


if __name__ == "__main__":
    main()
