"""The browser of all these tests."""

from in_browser import browser, open_page

__all__ = ["browser", "open_page"]
