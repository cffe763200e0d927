"""Answers as SVG, for clients that show images and no apps: text of the organisation is escaped. Pure."""
