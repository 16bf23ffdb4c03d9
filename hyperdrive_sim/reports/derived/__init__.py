"""Data of pictures as plain numbers: points, bars, flows and curves derived from a report. Nothing is drawn here."""
