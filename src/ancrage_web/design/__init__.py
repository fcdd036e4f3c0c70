"""The theme: templates, styles, fonts, scripts and the words of the interface."""
