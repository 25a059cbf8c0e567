"""Every word of the page, in English and Chinese, a module a part of the page."""
